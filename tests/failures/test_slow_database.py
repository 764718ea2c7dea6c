"""A database far away, and one in which somebody holds what others need."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.failures.house import THREADS, WORKERS, House, at_once

pytestmark = pytest.mark.alone

EACH_WAY = 0.05


def test_a_database_a_tenth_of_a_second_away_is_slow_and_nothing_else(house: House) -> None:
    shopper = house.shopper()
    house.browse()

    house.database.delay = EACH_WAY
    crowd = [each.result() for each in at_once(*[house.browse] * 32)]
    page, filled, bought = house.browse(), shopper.fill(), shopper.confirm()
    ready = house.get("/readyz")
    house.database.mend()
    after = house.browse()

    assert {answer.status for answer in (*crowd, page, ready)} == {200}
    assert (filled.status, bought.status) == (201, 201)
    assert page.seconds > 2 * EACH_WAY  # it went through the slow line
    assert max(answer.seconds for answer in crowd) < 8
    assert max(page.seconds, ready.seconds) < 3
    assert max(filled.seconds, bought.seconds) < 6
    assert after.seconds < 1


def test_goods_somebody_holds_cost_their_buyers_three_seconds_and_nobody_else_more(house: House) -> None:
    shoppers = [house.shopper() for _ in range(WORKERS * THREADS // 2)]

    with held(house, "SELECT id FROM inventory ORDER BY id FOR UPDATE"):
        confirms = at_once(*[shopper.confirm for shopper in shoppers])
        time.sleep(0.2)
        browsing = [house.browse() for _ in range(10)]
        refused = [confirm.result() for confirm in confirms]
    began = time.monotonic()
    orders = {shopper.bought()["order_number"] for shopper in shoppers}
    seconds = time.monotonic() - began

    assert {(answer.status, answer.code) for answer in refused} == {(503, "BUSY")}
    assert max(answer.seconds for answer in refused) < 8
    assert {answer.status for answer in browsing} == {200}
    assert len(orders) == len(shoppers)
    assert seconds < 10


def test_a_table_nobody_can_read_takes_no_more_than_the_threads_there_are(house: House) -> None:
    with held(house, "LOCK TABLE products IN ACCESS EXCLUSIVE MODE"):
        crowd = at_once(*[house.browse] * (3 * WORKERS * THREADS))
        time.sleep(4)
        alive, other = house.get("/livez"), house.get("/readyz")
    reading = house.first_success(house.browse)
    answers = [each.result() for each in crowd]

    assert alive.status == 200
    assert max(alive.seconds, other.seconds) < 3
    assert {answer.code for answer in answers} <= {"", "BUSY", "SERVICE_UNAVAILABLE"}
    assert {answer.status for answer in answers} <= {200, 503}
    assert reading < 5


@contextmanager
def held(house: House, statement: str) -> Iterator[None]:
    """Keep what a statement locks for the length of a block."""
    with house.postgres.connect() as connection, connection.transaction():
        connection.execute(statement)
        yield
