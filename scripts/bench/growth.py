"""The same requests in a shop ten times as large: what each costs there, as a multiple of what it costs here.

Both shops run side by side and are asked in turn, in this process, each request whole: guards, service, database, JSON.
"""

import itertools
import json
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from scripts.bench.cases.catalog import LIST, PRODUCTS
from scripts.bench.cases.in_process import times
from scripts.bench.cases.shopping import ADD, ORDERS, PREVIEW
from scripts.bench.cluster import cluster, filled_once
from scripts.bench.figures import Figure, at_most
from scripts.bench.filling import World, look_around
from scripts.bench.options import Options
from scripts.bench.people import Shopper, signed_in
from scripts.bench.stage import Stage, in_process, web_settings
from scripts.drills.running import PromiseBroken, say

CONFIRM = "/api/v1/checkout/confirm"
_LINES = 5
_PREPARED_BY = 7
"""Requests that come before a confirm and are not timed: so many fewer confirms are."""
_DEMO_CARD = 1
_FIRST, _SHOPPERS = 192, 32

Request = dict[str, Any]
"""What `EnvironBuilder` takes."""
Asking = Callable[[], Request]
"""The next request of a kind; what has to be there before is done by then, and not timed."""


@dataclass(frozen=True)
class Shop:
    """One of the two: the application on its database, and what there is to ask for."""

    app: Flask
    world: World

    def send(self, request: Request) -> bytes:
        """The body of the answer. Raises PromiseBroken when it is none of success."""
        return self.timed(request)[1]

    def timed(self, request: Request) -> tuple[float, bytes]:
        """Milliseconds and the body."""
        environ = EnvironBuilder(**request).get_environ()
        start = time.perf_counter()
        content, status, _ = run_wsgi_app(self.app, environ)
        taken = (time.perf_counter() - start) * 1000
        body = b"".join(content)
        if not status.startswith("2"):
            raise PromiseBroken(f"{request['path']} answered {status}: {body[:200]!r}")
        return taken, body


def grown(stage: Stage) -> list[Figure]:
    """A figure for each kind of request. The larger shop is filled first, which takes its time."""
    options = stage.options
    wanted = replace(options, catalog=None, products=options.growth_products, orders=options.growth_orders)
    with larger(stage, wanted) as (app, world):
        shops = {"small": Shop(stage.app, stage.world), "large": Shop(app, world)}
        asking = {name: _requests(shop) for name, shop in shops.items()}
        return [_compared(stage, kind, shops, asking) for kind in asking["small"]]


@contextmanager
def larger(stage: Stage, options: Options) -> Iterator[tuple[Flask, World]]:
    """The application on the larger shop. One of the same size is the shop itself: what comes of it is the noise."""
    if (options.products, options.orders) == (stage.options.products, stage.options.orders):
        yield stage.app, stage.world
        return
    say(f"a shop of {options.products:,} products and {options.orders:,} orders:")
    folder = (options.keep or stage.folder) / "growth"
    with cluster(folder) as database:
        settings = web_settings(database.url(), stage.folder, stage.settings["JWT_SECRET_KEY"])
        with in_process(settings) as app:
            filled_once(database, options)
            yield app, look_around(database.url())


def _compared(stage: Stage, kind: str, shops: Mapping[str, Shop], asking: Mapping[str, Mapping[str, Asking]]) -> Figure:
    say(f"measuring {kind} in both ...")
    found: dict[str, list[float]] = {name: [] for name in shops}
    count = max(5, times(stage) // (_PREPARED_BY if kind == "confirm" else 1))
    for number in range(stage.options.rounds + 1):
        for name, shop in shops.items():
            taken = statistics.median(shop.timed(asking[name][kind]())[0] for _ in range(count))
            if number:
                found[name].append(taken)
    ratios = [large / small for large, small in zip(found["large"], found["small"], strict=True)]
    more = {f"{name}_ms": statistics.median(taken) for name, taken in found.items()}
    title = f"{kind}, {shops['large'].world.count / shops['small'].world.count:.0f} times the products"
    spread = (min(ratios), max(ratios))
    return Figure("growth", title, statistics.median(ratios), "x", at_most(1.2), spread, more=more)


def _requests(shop: Shop) -> dict[str, Asking]:
    """The kinds of requests by name."""
    world = shop.world
    chance = random.Random(17)
    with shop.app.app_context():
        shoppers = signed_in(world.users[_FIRST : _FIRST + _SHOPPERS])
    buyers = itertools.cycle(shoppers[: _SHOPPERS // 2])
    others = itertools.cycle(shoppers[_SHOPPERS // 2 :])
    keys = itertools.count(time.time_ns())
    words = [word for word in world.words if len(word) > 5]
    return {
        "product list": lambda: {"path": LIST},
        "product page": lambda: {"path": f"{PRODUCTS}/{chance.choice(world.products)}"},
        "search": lambda: {"path": f"{PRODUCTS}/search?q={chance.choice(words)}"},
        "autocomplete": lambda: {"path": f"{PRODUCTS}/autocomplete?q={chance.choice(words)[:4]}"},
        "order list": lambda: _of(next(others), ORDERS),
        "cart add": lambda: _of(next(others), ADD, _line(chance.choice(world.products[:20]))),
        "preview": lambda: _of(shoppers[0], PREVIEW, _sale(shop, shoppers[0], chance)),
        "confirm": lambda: _confirm(shop, next(buyers), chance, f"growth-{next(keys)}"),
    }


def _of(shopper: Shopper, path: str, body: object = None, **headers: str) -> Request:
    headers["Authorization"] = f"Bearer {shopper.token}"
    if body is None:
        return {"path": path, "headers": headers}
    return {"path": path, "method": "POST", "json": body, "headers": headers}


def _line(product_id: int) -> dict[str, int]:
    return {"product_id": product_id, "quantity": 1}


def _sale(shop: Shop, shopper: Shopper, chance: random.Random) -> dict[str, Any]:
    """Where a cart is to be picked up; it is filled, unless something is in it."""
    cart = json.loads(shop.send(_of(shopper, "/api/v1/cart")))["data"]
    if not cart["items"]:
        for product_id in chance.sample(shop.world.products, _LINES):
            shop.send(_of(shopper, ADD, _line(product_id)))
    return {"cart_id": cart["id"], "fulfillment_type": "PICKUP", "branch_id": shop.world.branch_id}


def _confirm(shop: Shop, shopper: Shopper, chance: random.Random, key: str) -> Request:
    """A confirm of five lines, which are put into the cart first."""
    body = {**_sale(shop, shopper, chance), "payment_token_id": _DEMO_CARD}
    return _of(shopper, CONFIRM, body, **{"Idempotency-Key": key})
