"""Figures as ratios from one run: `.venv/bin/python -m scripts.benchmark`. Uses a scratch database of the test server.

Absolute numbers move with the machine; the ratio to the floor, measured in turn in the same rounds, holds.
"""

import random
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import orjson
import psycopg
from flask import Flask
from flask.testing import FlaskClient
from pydantic_core import to_json
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app.domain.enums import ProductSort
from app.extensions import db
from app.schemas.catalog import SearchQuery
from app.services.catalog import listing
from tests import databases
from tests.conftest import make_app
from tests.shopping import Shop, Shopper, make_shopper, open_shop

PRODUCTS = 100_000
ROUNDS = 7

FILL = """
INSERT INTO products (category_id, name, sku, price, is_active, search_name)
SELECT (SELECT max(id) FROM categories) - n % 20, 'Product ' || n, 'BENCH-' || n, 1 + n % 5000 / 100.0, true,
       'product ' || n
FROM generate_series(1, :products) AS n;
INSERT INTO inventory (stock_location_id, product_id, available_quantity)
SELECT (SELECT min(id) FROM stock_locations), id, 100 FROM products WHERE sku LIKE 'BENCH-%';
"""


def median_ms(call: Callable[[], object], times: int) -> float:
    """The median time of a call in milliseconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1000


def fill(url: str) -> None:
    """A catalog of PRODUCTS products in 20 categories, beside what the shop has already."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO categories (name) SELECT 'Bench ' || n FROM generate_series(1, 20) AS n"))
        for statement in FILL.strip().split(";\n"):
            connection.execute(text(statement.rstrip(";")), {"products": PRODUCTS} if ":products" in statement else {})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()


def sent_by(client: FlaskClient, path: str) -> tuple[str, dict[str, object]]:
    """The one statement a request sends, with its parameters."""
    seen: list[tuple[str, dict[str, object]]] = []

    def note(_conn: object, _cursor: object, statement: str, parameters: dict[str, object], *_: object) -> None:
        seen.append((statement, parameters))

    event.listen(db.engines["read"], "before_cursor_execute", note)
    client.get(path)
    event.remove(db.engines["read"], "before_cursor_execute", note)
    [only] = seen
    return only


def list_page(application: Flask, client: FlaskClient, url: str) -> None:
    """A page of 20 of 100,000 against the same statement by bare psycopg and orjson."""
    first = "/api/v1/catalog/products/search?limit=20&sort=price_asc"
    statement, parameters = sent_by(client, first)
    shallow = SearchQuery(limit=20, sort=ProductSort.PRICE_ASC)
    deep = shallow.model_copy(update={"cursor": cursor_at(5_000, shallow)})
    request = wsgi_call(application, first)
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True, row_factory=psycopg.rows.dict_row) as floor:

        def bare() -> bytes:
            return orjson.dumps({"data": floor.execute(statement, parameters).fetchall()}, default=str)

        calls = (bare, lambda: page_as_json(shallow), lambda: page_as_json(deep), request)
        rows = [[median_ms(call, 100) for call in calls] for _ in range(ROUNDS)]
    report("product list, service and JSON: share of the floor", [row[0] / row[1] for row in rows])
    report("product list, whole request in process: share of the floor", [row[0] / row[3] for row in rows])
    report("page 5,000 rows deep against the first: times", [row[2] / row[1] for row in rows])


def page_as_json(query: SearchQuery) -> bytes:
    """What the route answers, without HTTP."""
    products, meta = listing.find(query)
    return to_json({"data": products, "meta": meta})


def cursor_at(depth: int, query: SearchQuery) -> str:
    """The cursor after so many rows."""
    cursor = None
    for _ in range(depth // 200):
        cursor = listing.find(query.model_copy(update={"limit": 200, "cursor": cursor}))[1].next_cursor
    return str(cursor)


def wsgi_call(application: Flask, path: str, headers: dict[str, str] | None = None) -> Callable[[], object]:
    """A call of the application as a server makes it, without a test client's own work."""
    environ = EnvironBuilder(path=path, headers=headers).get_environ()
    return lambda: run_wsgi_app(application, dict(environ))


def plumbing(application: Flask, shopper: Shopper) -> None:
    """What token, session, limits, log and headers add to a request."""
    probe = wsgi_call(application, "/livez")
    guarded = wsgi_call(application, "/api/v1/auth/me", shopper.headers)
    rows = [(median_ms(probe, 200), median_ms(guarded, 200)) for _ in range(ROUNDS)]
    report("signed-in request reading one row, above one that reads nothing: ms", [b - a for a, b in rows])


def confirms(shop: Shop, shoppers: list[Shopper], each: int, places: range) -> float:
    """Confirms a second while every shopper buys five of the products at `places`, again and again."""
    carts = threading.Barrier(len(shoppers) + 1)

    def work(shopper: Shopper) -> None:
        chance = random.Random(shopper.user.id)
        for _ in range(each):
            for place in chance.sample(places, 5):
                shopper.add(shop.products[place])
            cart_id = shopper.cart_id()
            carts.wait()
            answer = shopper.confirm(shop, cart_id=cart_id)
            assert answer.status_code == 201, answer.json
            carts.wait()

    taken = 0.0
    with ThreadPoolExecutor(len(shoppers)) as pool:
        done = [pool.submit(work, shopper) for shopper in shoppers]
        for _ in range(each):
            carts.wait()
            start = time.perf_counter()
            carts.wait()
            taken += time.perf_counter() - start
        for future in done:
            future.result()
    return each * len(shoppers) / taken


def report(name: str, values: list[float]) -> None:
    """One line: median, least and most of the rounds."""
    print(f"{name:75} {statistics.median(values):7.2f}   ({min(values):.2f} to {max(values):.2f})")


def main() -> None:
    """Measure and print."""
    with databases.cloned(databases.template()) as url:
        # In testing every answer is checked against its schema, which would be measured along.
        application = make_app(url, app_env="development")
        with application.app_context(), Session(create_engine(url), expire_on_commit=False) as session:
            client = application.test_client()
            shop = open_shop(session, stock=1_000_000, products=200)
            shoppers = [make_shopper(session, application.test_client()) for _ in range(8)]
            fill(url)
            list_page(application, client, url)
            plumbing(application, shoppers[0])
        wide = [confirms(shop, shoppers, 20, range(200)) for _ in range(3)]
        hot = [confirms(shop, shoppers, 20, range(5)) for _ in range(3)]
        report("confirms a second, 8 at once, 200 products", wide)
        report("confirms a second, 8 at once, the same 5 products", hot)
        slow_provider(url)


def slow_provider(url: str) -> None:
    """A provider that takes 200 ms. Asked inside the lock it would allow 5 sales a second of one product."""
    application = make_app(url, app_env="development", sandbox_payment_latency_ms=200, db_pool_size=16)
    with application.app_context(), Session(create_engine(url), expire_on_commit=False) as session:
        shop = open_shop(session, stock=1_000_000, products=5)
        session.execute(text("UPDATE stock_locations SET is_active = false WHERE id < :id"), {"id": shop.warehouse.id})
        session.commit()
        shoppers = [make_shopper(session, application.test_client()) for _ in range(32)]
    rates = [confirms(shop, shoppers, 3, range(5)) for _ in range(3)]
    report(
        "provider of 200 ms, 32 at once, 5 products: times the 5 a second of a payment in the lock",
        [r / 5 for r in rates],
    )


if __name__ == "__main__":
    main()
