"""Buyers and the confirms they send. Carts are filled in the database, so that only the confirm is measured."""

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from scripts.bench.people import Shopper, signed_in
from scripts.bench.stage import Stage
from scripts.bench.traffic import Job, Load, http
from scripts.drills.running import PromiseBroken

CONFIRM = "/api/v1/checkout/confirm"
LINES = 5
DEMO_CARD = 1
FIRST_USER = 1_000  # the other cases' shoppers come before
CREATED = frozenset({201})

Basket = Callable[[random.Random], Sequence[int]]
"""Draws the products of one cart."""

_runs = itertools.count(1)

_EMPTY = "UPDATE carts SET status = 'ABANDONED' WHERE user_id = ANY(%s) AND status = 'ACTIVE'"
_CARTS = """
    INSERT INTO carts (user_id, channel)
    SELECT user_id, 'DELIVERY_OR_PICKUP' FROM unnest(%s::bigint[]) WITH ORDINALITY AS buyer(user_id, place)
    ORDER BY place RETURNING id
"""
_LINES = """
    INSERT INTO cart_items (cart_id, product_id, quantity, unit_price)
    SELECT cart, product, 1, price
    FROM unnest(%s::bigint[], %s::bigint[]) AS line(cart, product) JOIN products ON products.id = product
"""
_WINDOWS = """
    INSERT INTO delivery_slots (stock_location_id, day_of_week, start_time, end_time, capacity, cutoff_minutes)
    SELECT %(place)s, day, make_time(hour, 7, 0), make_time(hour + 2, 7, 0), 100000000, 0
    FROM generate_series(0, 6) AS day, generate_series(6, 19) AS hour
    WHERE NOT EXISTS (SELECT FROM delivery_slots WHERE stock_location_id = %(place)s AND start_time = '06:07')
"""
_SLOTS = """
    SELECT id FROM delivery_slots WHERE stock_location_id = %s AND extract(minute FROM start_time) = 7 ORDER BY id
"""


@dataclass(frozen=True)
class Buyers:
    """Signed-in customers of whom each confirms one cart in every round."""

    stage: Stage
    shoppers: Sequence[Shopper]

    @cached_property
    def slots(self) -> list[int]:
        """Delivery windows with room for everybody, made when first asked for; their ids are in a row."""
        place = self.stage.world.warehouse_id
        with self.stage.database.connect() as connection:
            connection.execute(_WINDOWS, {"place": place})
            found = [int(row[0]) for row in connection.execute(_SLOTS, [place])]
        return _in_a_row(found)

    def fill(self, basket: Basket | None) -> list[int]:
        """A new cart for each buyer, empty where there is no basket; their ids are in a row, in the buyers' order."""
        chance = random.Random(next(_runs))
        users = [shopper.user_id for shopper in self.shoppers]
        with self.stage.database.connect() as connection:
            connection.execute(_EMPTY, [users])
            carts = _in_a_row([int(row[0]) for row in connection.execute(_CARTS, [users])])
            if basket:
                lines = [(cart, product) for cart in carts for product in basket(chance)]
                connection.execute(_LINES, [list(column) for column in zip(*lines, strict=True)])
        return carts

    def confirms(self, carts: Sequence[int], *, key: str = "") -> list[bytes]:
        """The confirm of each buyer, for a delivery in one of the windows; with the default key once for each cart."""
        chance = random.Random(carts[0])
        return [
            confirm(shopper, cart, chance.choice(self.slots), key)
            for shopper, cart in zip(self.shoppers, carts, strict=True)
        ]

    def send(self, port: int, requests: Sequence[bytes], buyers: int, expected: frozenset[int] = CREATED) -> Load:
        """Each request once, by so many buyers at once."""
        scripts = [requests[number::buyers] for number in range(buyers)]
        return self.stage.driver.drive(Job(port, scripts, None, expected))


def buyers_of(stage: Stage, count: int) -> Buyers:
    """So many customers, who are signed in. Cases run one after the other, so they may share them."""
    users = stage.world.users[FIRST_USER : FIRST_USER + count]
    return Buyers(stage, signed_in(users))


def confirm(shopper: Shopper, cart: int, slot: int, key: str = "") -> bytes:
    """A confirm by card, for delivery."""
    body = {
        "cart_id": cart,
        "payment_token_id": DEMO_CARD,
        "delivery_slot_id": slot,
        "address": "12 Market Street, Haifa, 3303112",
    }
    return http("POST", CONFIRM, token=shopper.token, body=body, headers={"Idempotency-Key": key or f"bench-{cart}"})


def wide(stage: Stage, size: int = 10_000) -> Basket:
    """Five of many products, all alike."""
    goods = stage.world.products[:size]
    return lambda chance: sorted(chance.sample(goods, LINES))


def hot(stage: Stage) -> Basket:
    """Everybody the same five."""
    goods = stage.world.products[:LINES]
    return lambda _: goods


def popular(stage: Stage, size: int = 10_000) -> Basket:
    """Four of five picks fall on a fifth of the products."""
    goods = stage.world.products[:size]
    fifth = len(goods) // 5

    def draw(chance: random.Random) -> Sequence[int]:
        drawn: set[int] = set()
        while len(drawn) < LINES:
            drawn.add(chance.choice(goods[:fifth] if chance.random() < 0.8 else goods[fifth:]))
        return sorted(drawn)

    return draw


def _in_a_row(ids: list[int]) -> list[int]:
    if not ids or ids != list(range(ids[0], ids[0] + len(ids))):
        raise PromiseBroken("somebody else works on the benchmark's database: the new ids are not in a row")
    return ids
