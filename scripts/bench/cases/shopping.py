"""What a signed-in shopper does before paying: cart add, preview, the list of past orders."""

import json
from dataclasses import dataclass

from scripts.bench.cases.case import Case
from scripts.bench.counting import statements
from scripts.bench.figures import Figure, at_least
from scripts.bench.people import Shopper, signed_in
from scripts.bench.rounds import Side, against_floor, alternate
from scripts.bench.stage import Stage
from scripts.bench.traffic import Job, http, turned

ADD = "/api/v1/cart/items"
PREVIEW = "/api/v1/checkout/preview"
ORDERS = "/api/v1/orders"
_CREATED = frozenset({201})
_PRODUCTS_OF_A_CART = 20
_LINES = 5
_LOOKING = 64


@dataclass(frozen=True)
class _Pair:
    """A customer of ours and one of the floor's: each side has carts of its own."""

    ours: Shopper
    floor: int


def _pairs(stage: Stage, first: int) -> list[_Pair]:
    """A pair for every connection, from a place among the customers on that no other case has."""
    count = stage.options.connections
    ours = signed_in(stage.world.users[first : first + count])
    floor = stage.world.users[first + count : first + 2 * count]
    return [_Pair(*pair) for pair in zip(ours, floor, strict=True)]


def cart_add(stage: Stage) -> list[Figure]:
    """One piece more of a product; carts of twenty lines."""
    pairs, place = _pairs(stage, 0), stage.world.warehouse_id
    lines = [{"product_id": number, "quantity": 1} for number in stage.world.products[:_PRODUCTS_OF_A_CART]]
    ours = [[http("POST", ADD, token=pair.ours.token, body=line) for line in lines] for pair in pairs]
    floor = [[http("POST", f"/cart/{pair.floor}/{place}", body=line) for line in lines] for pair in pairs]
    rounds = alternate(
        stage,
        {
            "floor": Side(lambda: stage.job(stage.floor.port, floor, expected=_CREATED), stage.floor.pid),
            "ours": Side(lambda: stage.job(stage.web.port, ours, expected=_CREATED), stage.web.pid),
        },
    )
    sent = statements(stage.app, "POST", ADD, token=pairs[0].ours.token, body=lines[0], expected=201)
    return [against_floor("add", "cart add over HTTP", rounds, at_least(0.6), statements=sent)]


def _filled(stage: Stage, port: int, requests: list[list[bytes]]) -> dict[int, int]:
    """Send what fills carts; their ids, where the answer says whose they are."""
    every = sum(map(len, requests))
    load = stage.driver.drive(Job(port, requests, None, _CREATED, keep=every))
    carts = [json.loads(body)["data"] for body in load.bodies]
    return {cart["user_id"]: cart["id"] for cart in carts if "user_id" in cart}


def preview(stage: Stage) -> list[Figure]:
    """The price of a cart of five lines."""
    pairs, place = _pairs(stage, 32), stage.world.warehouse_id
    lines = [{"product_id": number, "quantity": 1} for number in stage.world.products[:_LINES]]
    adds = [[http("POST", ADD, token=pair.ours.token, body=line) for line in lines] for pair in pairs]
    carts = _filled(stage, stage.web.port, adds)
    floor_adds = [[http("POST", f"/cart/{pair.floor}/{place}", body=line) for line in lines] for pair in pairs]
    _filled(stage, stage.floor.port, floor_adds)
    rest = {"fulfillment_type": "PICKUP", "branch_id": stage.world.branch_id}
    bodies = [{"cart_id": carts[pair.ours.user_id], **rest} for pair in pairs]
    ours = [[http("POST", PREVIEW, token=pair.ours.token, body=body)] for pair, body in zip(pairs, bodies, strict=True)]
    floor = [[http("POST", f"/preview/{pair.floor}/{stage.world.branch_id}", body={})] for pair in pairs]
    rounds = alternate(
        stage,
        {
            "floor": Side(lambda: stage.job(stage.floor.port, floor), stage.floor.pid),
            "ours": Side(lambda: stage.job(stage.web.port, ours), stage.web.pid),
        },
    )
    sent = statements(stage.app, "POST", PREVIEW, token=pairs[0].ours.token, body=bodies[0])
    return [against_floor("preview", "preview over HTTP, five lines", rounds, statements=sent)]


def order_list(stage: Stage) -> list[Figure]:
    """Ten past orders with their lines."""
    users = stage.world.users[64 : 64 + _LOOKING]
    shoppers = signed_in(users)
    count = stage.options.connections
    ours = turned([http("GET", ORDERS, token=shopper.token) for shopper in shoppers], count)
    floor = turned([http("GET", f"/orders/{user}") for user in users], count)
    rounds = alternate(
        stage,
        {
            "floor": Side(lambda: stage.job(stage.floor.port, floor), stage.floor.pid),
            "ours": Side(lambda: stage.job(stage.web.port, ours), stage.web.pid),
        },
    )
    sent = statements(stage.app, "GET", ORDERS, token=shoppers[0].token)
    return [against_floor("orders", "order list over HTTP", rounds, statements=sent)]


CASES = (
    Case("add", "cart add over HTTP", cart_add),
    Case("preview", "preview over HTTP", preview),
    Case("orders", "order list over HTTP", order_list),
)
