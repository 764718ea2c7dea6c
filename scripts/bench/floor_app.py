"""The floor: bare Flask, psycopg and orjson. No guard, no limit, no log line, no schema.

Served by `floor_server`; the functions also serve the comparison in process.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

import orjson
import psycopg
from flask import Flask, Response, request
from psycopg.rows import dict_row
from psycopg.types.numeric import FloatLoader

from scripts.bench import floor_sql

app = Flask(__name__, static_folder=None)
Connection = psycopg.Connection[Any]
_own = threading.local()


def prepared(connection: Connection) -> None:
    """As a careful hand would set a connection up: amounts as numbers, each statement its own, plans kept."""
    connection.autocommit = True
    connection.row_factory = dict_row
    connection.prepare_threshold = 1
    connection.adapters.register_loader("numeric", FloatLoader)


@contextmanager
def _connected() -> Iterator[Connection]:
    """The connection of this thread, opened at its first request: a pool without even the handing over."""
    connection: Connection | None = getattr(_own, "connection", None)
    if connection is None:
        connection = _own.connection = psycopg.connect(os.environ["FLOOR_DATABASE_URL"])
        prepared(connection)
    yield connection


def product_list(connection: Connection) -> bytes:
    """The first 20 products, newest first, and how many there are up to 1,000."""
    rows = connection.execute(floor_sql.LIST).fetchall()
    totals = [row.pop("total") for row in rows]
    return _page(rows, totals[0] if totals else 0)


def _page(rows: list[Any], total: int | None) -> bytes:
    meta = {"total": total if total is None or total <= 1000 else None, "limit": 20, "offset": 0}
    return orjson.dumps({"data": rows[:20], "meta": {**meta, "has_next": len(rows) > 20, "next_cursor": "WzFd"}})


def product_page(connection: Connection, product_id: int) -> bytes:
    """One product with all that is shown of it."""
    return orjson.dumps({"data": connection.execute(floor_sql.PAGE, (product_id,)).fetchone()})


def _one(connection: Connection, statement: LiteralString, *values: object) -> Any:
    """The only row, by the names of its columns."""
    return connection.execute(statement, values).fetchone()


def _json(content: bytes, status: int = 200) -> Response:
    return Response(content, status, mimetype="application/json")


@app.get("/bare")
def bare() -> Response:
    """Nothing but an answer."""
    return _json(b'{"data":{}}')


@app.get("/list")
def list_view() -> Response:
    """The product list."""
    with _connected() as connection:
        return _json(product_list(connection))


@app.get("/page/<int:product_id>")
def page_view(product_id: int) -> Response:
    """The product page."""
    with _connected() as connection:
        return _json(product_page(connection, product_id))


@app.get("/search")
def search_view() -> Response:
    """Words, whole or begun, that all occur; nothing is corrected."""
    query = " & ".join(f"'{word}':*" for word in request.args["q"].split())
    with _connected() as connection:
        rows = connection.execute(floor_sql.SEARCH, (query,)).fetchall()
    return _json(_page(rows, len(rows)))


@app.get("/autocomplete")
def autocomplete_view() -> Response:
    """Words that begin so, and products with one of them."""
    with _connected() as connection:
        begun = {"begun": request.args["q"]}
        words = [row["word"] for row in connection.execute(floor_sql.COMPLETED, begun)]
        query = " | ".join(f"'{word}'" for word in words or [request.args["q"]])
        items = connection.execute(floor_sql.NAMED, (query,)).fetchall()
    return _json(
        orjson.dumps({"data": {"items": items, "words": words, "total": len(items), "limit": 10, "offset": 0}})
    )


@app.post("/cart/<int:user_id>/<int:place>")
def cart_view(user_id: int, place: int) -> Response:
    """Put pieces of a product into the cart, which is locked meanwhile, and show it."""
    line = orjson.loads(request.get_data())
    with _connected() as connection, connection.transaction():
        cart = connection.execute(floor_sql.LOCK_CART, (user_id,)).fetchone()
        cart_id = (cart or _one(connection, floor_sql.OPEN_CART, user_id))["id"]
        offer = _one(connection, floor_sql.OFFER, place, line["product_id"])
        row = (cart_id, line["product_id"], line["quantity"], offer["current_price"])
        connection.execute(floor_sql.PUT_LINE, row)
        connection.execute(floor_sql.AUDIT, (cart_id, orjson.dumps(line).decode(), user_id))
        content = _cart(connection, cart_id, place)
    return _json(content, 201)


def _cart(connection: Connection, cart_id: int, place: int) -> bytes:
    lines = connection.execute(floor_sql.CART_LINES, {"cart": cart_id, "place": place}).fetchall()
    total = round(sum(line["line_total"] for line in lines), 2)
    cart = {"id": cart_id, "channel": "DELIVERY_OR_PICKUP", "currency": "ILS", "items": lines, "total_amount": total}
    return orjson.dumps({"data": {**cart, "items_count": len(lines), "deposit_total": 0}})


@app.post("/preview/<int:user_id>/<int:place>")
def preview_view(user_id: int, place: int) -> Response:
    """Price a cart."""
    with _connected() as connection:
        _one(connection, floor_sql.USER, user_id)
        cart = _one(connection, floor_sql.ACTIVE_CART, user_id)["id"]
        lines = connection.execute(floor_sql.CART_LINES, {"cart": cart, "place": place}).fetchall()
    total = sum(line["line_total"] for line in lines)
    tax = sum(line["line_total"] * line["tax_rate"] / (100 + line["tax_rate"]) for line in lines)
    priced = {"cart_total": total, "deposit_total": 0, "delivery_fee": None, "discount_total": 0, "discounts": []}
    rest = {"tax_total": round(tax, 2), "total": total, "authorization_amount": total, "currency": "ILS"}
    lists = {"missing_items": [], "changed_prices": [], "fulfillment_type": "PICKUP"}
    return _json(orjson.dumps({"data": priced | rest | lists}))


@app.get("/orders/<int:user_id>")
def orders_view(user_id: int) -> Response:
    """Somebody's orders with their lines, newest first."""
    with _connected() as connection:
        rows = connection.execute(floor_sql.ORDERS, (user_id,)).fetchall()
    return _json(_page(rows, len(rows)))
