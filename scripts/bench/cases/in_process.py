"""The list and the page without HTTP: what the service and its JSON cost beside bare psycopg and orjson."""

import itertools
import random
import statistics
from collections.abc import Callable, Sequence

import psycopg
from flask import Flask
from sqlalchemy import text
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app.middleware.answers import written, written_list
from app.schemas.catalog import SearchQuery
from app.schemas.pagination import encode_cursor
from app.services.catalog import listing, product_page
from app.transaction import reading
from scripts.bench import floor_app
from scripts.bench.cases.case import Case
from scripts.bench.cases.catalog import LIST
from scripts.bench.figures import Figure, Promise, at_least, at_most
from scripts.bench.stage import Stage
from scripts.bench.timing import in_turn

_DEEP = "SELECT id FROM products WHERE is_active AND shop_id IS NULL ORDER BY id DESC OFFSET :depth LIMIT 1"
_DEEPEST, _BEFORE_THE_END = 100_000, 100


def times(stage: Stage) -> int:
    """Calls of one side in one round: at a millisecond each about a tenth of a round under load."""
    return max(10, int(stage.options.seconds * 100))


def first_page() -> SearchQuery:
    """Twenty products, newest first; in an application context."""
    return SearchQuery(limit=20)


def list_as_json(query: SearchQuery) -> bytes:
    """What the route of the list answers, without HTTP."""
    return written_list(*listing.find(query)).get_data()


def page_as_json(product_id: int) -> bytes:
    """What the route of the page answers, without HTTP."""
    return written(product_page.by_id(product_id, branch_id=None)).get_data()


def wsgi_call(app: Flask, path: str, headers: dict[str, str] | None = None) -> Callable[[], object]:
    """A whole request as a server makes it, without a test client's own work."""
    environ = EnvironBuilder(path=path, headers=Headers(headers)).get_environ()
    return lambda: run_wsgi_app(app, dict(environ))


def share(case: str, title: str, ours: Sequence[float], floor: Sequence[float], promise: Promise | None) -> Figure:
    """The floor's time as a share of ours, round by round; the milliseconds stand beside it."""
    shares = [b / a for a, b in zip(ours, floor, strict=True)]
    more = {"ours_ms": statistics.median(ours), "floor_ms": statistics.median(floor)}
    spread = (min(shares), max(shares))
    return Figure(case, title, statistics.median(shares), "x floor", promise, spread, statements=1, more=more)


def product_list(stage: Stage) -> list[Figure]:
    """The first page of all products."""
    query = first_page()
    with psycopg.connect(stage.database.url()) as connection:
        floor_app.prepared(connection)
        found = in_turn(
            {
                "floor": lambda: floor_app.product_list(connection),
                "ours": lambda: list_as_json(query),
                "whole": wsgi_call(stage.app, LIST),
            },
            rounds=stage.options.rounds,
            times=times(stage),
        )
    title = "product list, service and JSON"
    return [
        share("list-in-process", title, found["ours"], found["floor"], at_least(0.85)),
        share("list-in-process", "product list, whole request in process", found["whole"], found["floor"], None),
    ]


def page(stage: Stage) -> list[Figure]:
    """Products at random."""
    ids = random.Random(5).sample(stage.world.products, min(len(stage.world.products), 500))
    ours, floor = itertools.cycle(ids), itertools.cycle(ids)
    with psycopg.connect(stage.database.url()) as connection:
        floor_app.prepared(connection)
        found = in_turn(
            {
                "floor": lambda: floor_app.product_page(connection, next(floor)),
                "ours": lambda: page_as_json(next(ours)),
            },
            rounds=stage.options.rounds,
            times=2 * times(stage),
        )
    title = "product page, service and JSON"
    return [share("page-in-process", title, found["ours"], found["floor"], at_least(0.85))]


def depth(stage: Stage) -> list[Figure]:
    """A page 100,000 products deep (or near the end of fewer) against the second one."""
    places = min(stage.world.count - _BEFORE_THE_END, _DEEPEST)
    first = first_page()
    second = first.model_copy(update={"cursor": listing.find(first)[1].next_cursor})
    with reading() as connection:
        last = connection.execute(text(_DEEP), {"depth": places}).scalar_one()
    deep = first.model_copy(update={"cursor": encode_cursor(last)})
    found = in_turn(
        {"second": lambda: list_as_json(second), "deep": lambda: list_as_json(deep)},
        rounds=stage.options.rounds,
        times=times(stage),
    )
    ratios = [b / a for a, b in zip(found["second"], found["deep"], strict=True)]
    spread = (min(ratios), max(ratios))
    title = f"page {places:,} deep against the second"
    return [Figure("depth", title, statistics.median(ratios), "x", at_most(1.1), spread)]


CASES = (
    Case("list-in-process", "product list without HTTP", product_list),
    Case("page-in-process", "product page without HTTP", page),
    Case("depth", "a page at depth", depth),
)
