"""Filling the shop of a run: the demo shop, a large range, and the orders of two years."""

from typing import Any

import psycopg

from app.embedded_postgres import with_driver
from app.migrations import migrate
from app.services.seed.shop import seed
from scripts.bench.filling import catalog, imported, past
from scripts.bench.filling.tables import last_id
from scripts.bench.filling.world import World
from scripts.bench.options import Options
from scripts.drills.running import say

__all__ = ["World", "fill", "look_around"]

_FIRST = "SELECT min(id) FROM stock_locations WHERE kind = %s AND is_active"
_PRODUCTS = """
    SELECT products.id FROM products
    WHERE shop_id IS NULL AND is_active AND age_limit IS NULL AND sold_by = 'PIECE' AND sale_price IS NULL
      AND (SELECT count(*) FROM inventory WHERE product_id = products.id AND stock_location_id = ANY(%s)
           AND available_quantity > 100000) = 2
    ORDER BY products.id * 2654435761 %% 1000003, products.id LIMIT 20000
"""
_USERS = "SELECT DISTINCT user_id FROM orders WHERE order_number LIKE 'PAST-%' AND id > %s ORDER BY user_id LIMIT 4000"
_WORDS = """
    SELECT word FROM search_words WHERE length(word) >= 5 AND word ~ '^[a-z]+$' ORDER BY md5(word), word LIMIT 2000
"""


def fill(url: str, options: Options) -> None:
    """Fill an empty database, in an application context on it."""
    say("setting up the demo shop ...")
    migrate(with_driver(url))
    seed()
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        # As in a restore: what the triggers would compute is given, and every reference is right by construction.
        for setting in ("session_replication_role = replica", "synchronous_commit = off", "work_mem = '256MB'"):
            connection.execute(f"SET {setting}")
        _fill(connection, options)
        say("VACUUM ANALYZE and CHECKPOINT ...")
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


def _fill(connection: "psycopg.Connection[Any]", options: Options) -> None:
    places = [_one(connection, _FIRST, kind) for kind in ("WAREHOUSE", "STORE")]
    people = past.customers(connection, options.orders)
    before = last_id(connection, "products")
    if options.catalog:
        say(f"importing {options.catalog} ...")
        imported.take_in(options.catalog)
    else:
        say(f"putting {options.products:,} products on the shelves ...")
        catalog.write_products(connection, options.products)
        say("learning their words ...")
        catalog.learn_words()
    catalog.rate(connection, before)
    products = (before, last_id(connection, "products") - before)
    say(f"selling {options.orders:,} orders of the past ...")
    past.sell(connection, options.orders, people=people, products=products, places=places, say=say)
    say("filling stock ...")
    catalog.stock(connection, before, places)


def look_around(url: str) -> World:
    """The shop of a filled database."""
    with psycopg.connect(url, autocommit=True) as connection:
        places = [_one(connection, _FIRST, kind) for kind in ("WAREHOUSE", "STORE")]
        newest = last_id(connection, "orders")

        def column(query: str, *values: object) -> tuple[Any, ...]:
            return tuple(row[0] for row in connection.execute(query, values or None))

        return World(
            warehouse_id=places[0],
            branch_id=places[1],
            products=column(_PRODUCTS, places),
            users=column(_USERS.replace("%'", "%%'"), max(newest - 50_000, 0)),
            words=column(_WORDS),
            categories=column("SELECT DISTINCT category_id FROM products WHERE shop_id IS NULL ORDER BY 1 LIMIT 60"),
            count=_one(connection, "SELECT count(*) FROM products WHERE shop_id IS NULL AND is_active"),
            orders=_one(connection, "SELECT count(*) FROM orders"),
        )


def _one(connection: "psycopg.Connection[Any]", query: str, *values: object) -> int:
    row = connection.execute(query, values or None).fetchone()
    assert row is not None
    return int(row[0])
