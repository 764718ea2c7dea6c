"""What everybody looks at: product list, product page, search, autocomplete."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx

from scripts.bench.cases.case import Case
from scripts.bench.counting import statements
from scripts.bench.figures import Figure, Promise, at_least, at_most
from scripts.bench.rounds import Side, against_floor, alternate
from scripts.bench.stage import Stage
from scripts.bench.traffic import http, turned
from scripts.drills.running import PromiseBroken

PRODUCTS = "/api/v1/catalog/products"
LIST = f"{PRODUCTS}/search?limit=20"
_DIFFERENT = 256
_AS_LONG = 1.25


def compared(
    stage: Stage, case: str, title: str, ours: Sequence[str], floor: Sequence[str], promise: Promise | None = None
) -> Figure:
    """Addresses that are asked for without signing in, ours and the floor's."""
    check_alike(stage, ours[0], floor[0])

    def side(port: int, pid: int, paths: Sequence[str]) -> Side:
        scripts = turned([http("GET", path) for path in paths], stage.options.connections)
        return Side(lambda: stage.job(port, scripts), pid)

    rounds = alternate(
        stage,
        {
            "floor": side(stage.floor.port, stage.floor.pid, floor),
            "ours": side(stage.web.port, stage.web.pid, ours),
        },
    )
    return against_floor(case, title, rounds, promise, statements=statements(stage.app, "GET", ours[0]))


def check_alike(stage: Stage, ours: str, floor: str) -> None:
    """Raise PromiseBroken unless both answer with the same fields in about as many bytes: else nothing is compared."""
    bodies = [httpx.get(url).raise_for_status().content for url in (stage.web.url + ours, stage.floor.url + floor)]
    fields = [_fields(json.loads(body)["data"]) for body in bodies]
    if fields[0] != fields[1]:
        raise PromiseBroken(f"the floor of {ours} has other fields: {sorted(fields[0] ^ fields[1])}")
    sizes = sorted(map(len, bodies))
    if sizes[1] > _AS_LONG * sizes[0]:
        raise PromiseBroken(f"the answers to {ours} and of its floor have {sizes[0]} and {sizes[1]} bytes")


def _fields(data: Any) -> set[str]:
    """The names in an object, or in the first one of a list."""
    return set(data) if isinstance(data, dict) else set(data[0]) if data else set()


def product_list(stage: Stage) -> list[Figure]:
    """The first page of all products."""
    return [compared(stage, "list", "product list over HTTP", [LIST], ["/list"], at_least(0.6))]


def product_page(stage: Stage) -> list[Figure]:
    """Products at random."""
    ids = stage.world.products[:_DIFFERENT]
    ours, floor = [f"{PRODUCTS}/{number}" for number in ids], [f"/page/{number}" for number in ids]
    return [compared(stage, "page", "product page over HTTP", ours, floor, at_least(0.6))]


def search(stage: Stage) -> list[Figure]:
    """One word or two, some of them only begun. The floor corrects no typos."""
    chance = random.Random(3)
    words = stage.world.words
    asked = [chance.choice(words)[: chance.choice((4, 5, 20, 20))] for _ in range(_DIFFERENT)]
    ours = [f"{PRODUCTS}/search?q={words}&limit=20" for words in asked]
    figure = compared(stage, "search", "search over HTTP", ours, [f"/search?q={words}" for words in asked])
    assert figure.ours is not None
    p50 = Figure("search", "search under load, median", figure.ours.p50_ms, "ms", at_most(15))
    return [figure, replace(p50, ours=figure.ours)]


def autocomplete(stage: Stage) -> list[Figure]:
    """The first three letters of a word."""
    begun = sorted({word[:3] for word in stage.world.words})[:_DIFFERENT]
    ours = [f"{PRODUCTS}/autocomplete?q={letters}" for letters in begun]
    floor = [f"/autocomplete?q={letters}" for letters in begun]
    return [compared(stage, "autocomplete", "autocomplete over HTTP", ours, floor)]


CASES = (
    Case("list", "product list over HTTP", product_list),
    Case("page", "product page over HTTP", product_page),
    Case("search", "search over HTTP, and its median", search),
    Case("autocomplete", "autocomplete over HTTP", autocomplete),
)
