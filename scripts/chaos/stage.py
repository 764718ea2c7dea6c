"""The shop of a run: the demo shop, with plenty of most things and a few things that run out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from scripts.drills.shop import fill
from scripts.parts.postgres import Postgres

_PRODUCTS = 40
_HOT = 5
_PIECES_OF_HOT = 0.04
"""Of a product that runs out, for each checkout of the run: a third of those who want it go without."""

_PLACES = "SELECT kind, min(id) FROM stock_locations WHERE is_active GROUP BY kind"
_SLOTS = "SELECT id FROM delivery_slots WHERE stock_location_id = %s AND is_active ORDER BY id"
_ITEMS = "SELECT id FROM products WHERE shop_id = %s AND is_active ORDER BY id"
_SCANNED = """
    SELECT products.id, min(ltrim(gtin, '0')), min(weight_grams)
    FROM products JOIN product_gtins ON product_id = products.id
    WHERE products.id = ANY(%s) AND weight_grams > 0 GROUP BY products.id ORDER BY products.id
"""
_LEAVE = """
    WITH less AS (
        SELECT id, %(pieces)s - available_quantity AS change FROM inventory WHERE product_id = ANY(%(products)s)
    ), kept AS (
        UPDATE inventory SET available_quantity = %(pieces)s FROM less WHERE inventory.id = less.id
        RETURNING inventory.id, stock_location_id, product_id, change
    )
    INSERT INTO stock_movements
        (stock_location_id, product_id, kind, available_change, reserved_change, source_type, source_id)
    SELECT stock_location_id, product_id, 'opening', change, 0, 'chaos', id FROM kept
"""
_STOCK = "SELECT stock_location_id, product_id, available_quantity FROM inventory"


class Scanned(NamedTuple):
    """A product as a trolley knows it; grams of one piece."""

    product_id: int
    code: str
    grams: int


@dataclass(frozen=True)
class Stage:
    """Where people of the run buy, and what. `stock` is what was there before anybody came."""

    branch: int
    warehouse: int
    shop: int
    products: list[int]
    hot: list[int]
    items: list[int]
    hot_items: list[int]
    slots: list[int]
    scanned: list[Scanned]
    stock: dict[tuple[int, int], int]


def set_up(database: Postgres, folder: Path, checkouts: int) -> Stage:
    """Migrate, seed, and leave so few pieces of some products that they run out."""
    goods = list(fill(database.url(), folder).products)
    hot, products = goods[:_HOT], goods[_HOT:_PRODUCTS]
    with database.connect() as connection:
        places: dict[str, Any] = dict(connection.execute(_PLACES).fetchall())
        items = [row[0] for row in connection.execute(_ITEMS, [places["SHOP"]])]
        pieces = max(3, round(checkouts * _PIECES_OF_HOT))
        connection.execute(_LEAVE, {"pieces": pieces, "products": hot + items[:2]})
        return Stage(
            branch=places["STORE"],
            warehouse=places["WAREHOUSE"],
            shop=places["SHOP"],
            products=products,
            hot=hot,
            items=items[2:],
            hot_items=items[:2],
            slots=[row[0] for row in connection.execute(_SLOTS, [places["WAREHOUSE"]])],
            scanned=[Scanned(*row) for row in connection.execute(_SCANNED, [products])],
            stock={(row[0], row[1]): row[2] for row in connection.execute(_STOCK)},
        )
