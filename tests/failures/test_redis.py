"""Redis is dead, or takes requests and never answers: the shop goes on, and its limits hold.

Celery without Redis: tests/system/test_outbox_crash.py; the outbox without Redis: tests/system/test_without_redis.py.
"""

import time

import pytest

from scripts.parts.child import await_that
from tests.failures.house import House, at_once

pytestmark = pytest.mark.alone

AT_ONCE = 32
TRIES = 80
"""More than the 30 wrong passwords a minute each of two processes lets pass when it counts alone."""


@pytest.mark.parametrize("outage", ["kill", "freeze"])
def test_without_redis_all_goes_on_and_passwords_cannot_be_guessed_faster(house: House, outage: str) -> None:
    shopper = house.shopper()
    house.browse()

    getattr(house.redis, outage)()
    began = time.monotonic()
    first = house.browse()
    many = [each.result() for each in at_once(*[house.browse] * AT_ONCE)]
    bought = shopper.confirm()
    seconds = time.monotonic() - began
    guesses = [house.ask("POST", "/api/v1/auth/login", json=guess(number)) for number in range(TRIES)]
    ready = house.get("/readyz")

    assert (first.status, bought.status, ready.status) == (200, 201, 200)
    assert {answer.status for answer in many} == {200}
    assert first.seconds < 2
    assert seconds < 8
    assert guesses[-1].code == "HTTP_429"
    assert all(int(answer.http.headers["Retry-After"]) <= 60 for answer in guesses if answer.status == 429)


def test_once_redis_is_back_it_counts_again(house: House) -> None:
    house.browse()

    house.redis.kill()
    refusals = [house.browse().code for _ in range(10)]
    house.redis.start()
    began = time.monotonic()
    await_that(lambda: house.browse().status == 200 and counted(house), "Redis counts again", 20, every=0.2)
    seconds = time.monotonic() - began

    assert set(refusals) == {""}
    assert seconds < 10


def guess(number: int) -> dict[str, str]:
    return {"email": f"somebody-{number}@example.com", "password": "a guess of 2026"}


def counted(house: House) -> int:
    client = house.redis.client()
    try:
        return int(client.dbsize())
    finally:
        client.close()
