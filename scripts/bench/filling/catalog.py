"""The range on the shelves: made up, or of a catalog file; with stock, barcodes, ratings and vocabulary."""

from typing import Any

import psycopg
from sqlalchemy.orm import Session

from app.domain.gtin import check_digit
from app.domain.search_text import normalise
from app.extensions import db
from app.services.catalog import vocabulary
from scripts.bench.filling.goods import categories, made
from scripts.bench.filling.tables import last_id, without_indexes

PIECES = 1_000_000
_COLUMNS = (
    "category_id, name, sku, brand, description, price, current_price, weight_grams, image_urls, bin_location,"
    " is_organic, search_name, search_text"
)
_STOCK = """
    INSERT INTO inventory (stock_location_id, product_id, available_quantity)
    SELECT places.id, products.id, %(pieces)s + COALESCE(sold.change, 0)
    FROM products CROSS JOIN unnest(%(places)s::bigint[]) AS places (id)
    LEFT JOIN (
        SELECT product_id, stock_location_id, sum(available_change) AS change FROM stock_movements
        WHERE product_id > %(after)s GROUP BY product_id, stock_location_id
    ) AS sold ON sold.product_id = products.id AND sold.stock_location_id = places.id
    WHERE products.id > %(after)s
    ORDER BY products.id, places.id
"""
_OPENING = """
    INSERT INTO stock_movements
        (stock_location_id, product_id, kind, available_change, reserved_change, source_type, source_id)
    SELECT stock_location_id, product_id, 'opening', %(pieces)s, 0, 'inventory', id
    FROM inventory WHERE product_id > %(after)s
"""
_BARCODES = "COPY product_gtins (product_id, gtin) FROM STDIN"
_RATINGS = """
    INSERT INTO reviews (product_id, user_id, rating)
    SELECT products.id, people.id, 2 + products.id %% 4
    FROM products, LATERAL (SELECT id FROM users WHERE role = 'CUSTOMER' ORDER BY id LIMIT 3) AS people
    WHERE products.id > %(after)s AND products.id %% 10 = 0
"""


def write_products(connection: "psycopg.Connection[Any]", count: int) -> None:
    """So many products made up, most of them with a barcode."""
    after = last_id(connection, "products")
    leaves = _write_categories(connection)
    with without_indexes(connection, "products", "product_gtins"):
        _write_products(connection, count, leaves)
        _write_barcodes(connection, after)


def stock(connection: "psycopg.Connection[Any]", after: int, places: list[int]) -> None:
    """What is left of a million pieces of each product after `after`, at each of the places, once orders are in."""
    values = {"after": after, "places": places, "pieces": PIECES}
    with without_indexes(connection, "inventory"):
        for statement in (_STOCK, _OPENING):
            connection.execute(statement, values)


def rate(connection: "psycopg.Connection[Any]", after: int) -> None:
    """Three ratings for every tenth product; once there are customers."""
    connection.execute(_RATINGS, {"after": after})


def learn_words() -> None:
    """The vocabulary of everything there is, in an application context."""
    with Session(db.engine) as session, session.begin():
        vocabulary.rebuild(session)


def _write_categories(connection: "psycopg.Connection[Any]") -> list[int]:
    """The ids of the leaves, in the order of `categories()`."""
    ids = []
    roots: dict[str, int] = {}
    insert = "INSERT INTO categories (parent_id, name) VALUES (%s, %s) RETURNING id"
    for root, leaf in categories():
        if root not in roots:
            roots[root] = connection.execute(insert, (None, f"{root} range")).fetchone()[0]  # type: ignore[index]
        ids.append(connection.execute(insert, (roots[root], leaf)).fetchone()[0])  # type: ignore[index]
    return ids


def _write_products(connection: "psycopg.Connection[Any]", count: int, leaves: list[int]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY products ({_COLUMNS}) FROM STDIN") as copy:
        for one in made(count):
            name = normalise(one.name)
            copy.write_row(
                (
                    leaves[one.category],
                    one.name,
                    f"MADE-{one.number}",
                    one.brand,
                    one.description,
                    one.price,
                    one.price,
                    one.weight_grams,
                    [f"/media/bench/{one.number % 500}.webp"],
                    f"A{one.number % 30}-{one.number % 12}",
                    one.number % 9 == 0,
                    name,
                    normalise(f"{one.brand} {one.description}"),
                )
            )


def _write_barcodes(connection: "psycopg.Connection[Any]", after: int) -> None:
    rows = connection.execute("SELECT id FROM products WHERE id > %s AND id %% 10 < 8 ORDER BY id", (after,)).fetchall()
    with connection.cursor() as cursor, cursor.copy(_BARCODES) as copy:
        for (product_id,) in rows:
            body = f"0290{product_id:09d}"
            copy.write_row((product_id, body + check_digit(body)))
