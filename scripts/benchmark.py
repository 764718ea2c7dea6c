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
from flask.testing import FlaskClient
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session

from app.extensions import db
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


def list_page(client: FlaskClient, url: str) -> None:
    """A page of 20 of 100,000 against the same statement by bare psycopg and orjson."""
    first = "/api/v1/catalog/products/search?limit=20&sort=price_asc"
    statement, parameters = sent_by(client, first)
    cursor, deepest = "", client.get(first).json
    for _ in range(25):
        cursor = deepest["meta"]["next_cursor"]
        deepest = client.get(f"{first.replace('limit=20', 'limit=200')}&cursor={cursor}").json
    deep = f"{first}&cursor={deepest['meta']['next_cursor']}"
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True, row_factory=psycopg.rows.dict_row) as floor:

        def bare() -> bytes:
            return orjson.dumps({"data": floor.execute(statement, parameters).fetchall()}, default=str)

        rows = [
            (median_ms(bare, 60), median_ms(lambda: client.get(first), 60), median_ms(lambda: client.get(deep), 60))
            for _ in range(ROUNDS)
        ]
    report("product list, in process: share of the floor", [b / a for b, a, _ in rows])
    report("page 5,000 rows deep against the first: times", [d / a for _, a, d in rows])


def plumbing(client: FlaskClient, shopper: Shopper) -> None:
    """What token, session, limits, log and headers add to a request."""
    rows = [
        (
            median_ms(lambda: client.get("/livez"), 200),
            median_ms(lambda: client.get("/api/v1/auth/me", headers=shopper.headers), 200),
        )
        for _ in range(ROUNDS)
    ]
    report("a signed-in request that reads one row, above one that reads none: ms", [b - a for a, b in rows])


def confirms(shop: Shop, shoppers: list[Shopper], pick: Callable[[random.Random], list[int]]) -> float:
    """Confirms a second with every shopper at work on five lines each."""
    each, chance, taken = 12, random.Random(7), []
    lock = threading.Lock()

    def work(shopper: Shopper) -> None:
        for _ in range(each):
            for place in pick(chance):
                shopper.add(shop.products[place])
            cart_id = shopper.cart_id()
            start = time.perf_counter()
            answer = shopper.confirm(shop, cart_id=cart_id)
            with lock:
                taken.append(time.perf_counter() - start)
            assert answer.status_code == 201, answer.json

    with ThreadPoolExecutor(len(shoppers)) as pool:
        list(pool.map(work, shoppers))
    return statistics.median(taken) * 1000


def report(name: str, values: list[float]) -> None:
    """One line: median, least and most of the rounds."""
    print(f"{name:75} {statistics.median(values):7.2f}   ({min(values):.2f} to {max(values):.2f})")


def main() -> None:
    """Measure and print."""
    with databases.cloned(databases.template()) as url:
        application = make_app(url, app_env="development")  # in testing every answer is checked against its schema
        with application.app_context(), Session(create_engine(url), expire_on_commit=False) as session:
            client = application.test_client()
            shop = open_shop(session, stock=1_000_000, products=200)
            shoppers = [make_shopper(session, application.test_client()) for _ in range(8)]
            fill(url)
            list_page(client, url)
            plumbing(client, shoppers[0])
        wide = [confirms(shop, shoppers, lambda chance: chance.sample(range(200), 5)) for _ in range(3)]
        hot = [confirms(shop, shoppers, lambda chance: chance.sample(range(5), 5)) for _ in range(3)]
        report("confirm, 8 buyers at once, 200 products: ms", wide)
        report("confirm, 8 buyers at once, the same 5 products: ms", hot)
        report("hot against wide: times", [h / w for h, w in zip(hot, wide, strict=True)])


if __name__ == "__main__":
    main()
