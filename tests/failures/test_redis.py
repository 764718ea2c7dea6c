"""Redis is dead, or takes requests and never answers: the shop goes on, and its limits hold.

Celery without Redis: tests/system/test_outbox_crash.py; the outbox without Redis: tests/system/test_without_redis.py.
"""

import time

import pytest

from scripts.parts.child import await_that
from tests.failures.house import THREADS, WORKERS, Answer, House, at_once

pytestmark = pytest.mark.alone

AT_ONCE = 32
A_MINUTE = 30
"""Wrong passwords of one address that each process lets pass when it counts alone."""
TRIES = WORKERS * A_MINUTE + 20
ADDRESSES = {"kill": "203.0.113.1", "freeze": "203.0.113.2"}
"""Of whoever guesses, one for each outage: after a hundred wrong passwords an address meets another limit."""
SPENT = "Too many requests. Wait as long as Retry-After says, then try again."
"""What the limit of a minute says; the back-off of accounts and addresses has words of its own."""


@pytest.mark.parametrize("outage", ["kill", "freeze"])
def test_without_redis_all_goes_on_and_passwords_cannot_be_guessed_faster(house: House, outage: str) -> None:
    shoppers = [house.shopper() for _ in range(WORKERS * THREADS)]
    house.browse()

    getattr(house.redis, outage)()
    began = time.monotonic()
    first = house.browse()
    many = [each.result() for each in at_once(*[house.browse] * AT_ONCE)]
    bought = [each.result() for each in at_once(*[shopper.confirm for shopper in shoppers])]
    seconds = time.monotonic() - began
    guesses = [guess(house, ADDRESSES[outage], number) for number in range(TRIES)]
    ready = house.get("/readyz")

    assert (first.status, ready.status) == (200, 200)
    assert {answer.status for answer in many} == {200}
    assert {answer.status for answer in bought} == {201}
    assert first.seconds < 2
    assert seconds < 8
    refused = [answer for answer in guesses if answer.status != 400]
    assert A_MINUTE <= TRIES - len(refused) <= WORKERS * A_MINUTE
    assert {(answer.code, answer.http.json()["error"]["message"]) for answer in refused} == {("HTTP_429", SPENT)}
    assert max(int(answer.http.headers["Retry-After"]) for answer in refused) <= 60


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


def guess(house: House, address: str, number: int) -> Answer:
    """Try a wrong password for one account after the other, as a client of an address."""
    form = {"email": f"somebody-{number}@example.com", "password": "a guess of 2026"}
    return house.ask("POST", "/api/v1/auth/login", json=form, headers={"X-Forwarded-For": address})


def counted(house: House) -> int:
    client = house.redis.client()
    try:
        return int(client.dbsize())
    finally:
        client.close()
