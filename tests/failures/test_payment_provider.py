"""The payment provider refuses connections, answers 500, or takes them and never answers."""

import time
from collections.abc import Callable

import pytest

from scripts.parts.child import await_that
from tests.failures.house import PAYMENT_READ_SECONDS, THREADS, House, Shopper, at_once

pytestmark = pytest.mark.alone

AT_ONCE = 2 * THREADS
SWEEP = "UPDATE payment_operations SET next_at = now() WHERE state IN ('created', 'unknown') RETURNING 1"


def refuse(house: House) -> None:
    house.provider.cut()


def break_down(house: House) -> None:
    house.outside.is_broken = True


@pytest.mark.parametrize("fail", [refuse, break_down])
def test_an_order_waits_for_a_provider_that_fails_and_is_paid_once(house: House, fail: Callable[[House], None]) -> None:
    shopper, without_card = house.shopper(), house.shopper()

    fail(house)
    waiting = shopper.confirm()
    card = without_card.ask("POST", "/me/payment-tokens", json={"provider_token": "pm_another"})
    house.mend()
    began = time.monotonic()
    order = shopper.bought()
    seconds = time.monotonic() - began

    assert waiting.status == 202
    assert waiting.data["state"] == "pending_payment"
    assert (card.status, card.code) == (503, "PAYMENT_PROVIDER_SILENT")
    assert max(waiting.seconds, card.seconds) < 4
    assert seconds < 5
    assert order["order_id"] == waiting.data["order_id"]
    assert paid_once(house, shopper)


def test_a_provider_that_hangs_takes_no_threads_from_others(house: House, alone: House) -> None:
    shoppers = [alone.shopper() for _ in range(AT_ONCE)]

    house.provider.silence()
    confirms = at_once(*[shopper.confirm for shopper in shoppers])
    time.sleep(0.3)
    alive, *browsing = [alone.get("/livez"), *(alone.browse() for _ in range(20))]
    still_hanging = not all(confirm.done() for confirm in confirms)
    answers = [confirm.result() for confirm in confirms]
    house.mend()
    began = time.monotonic()
    numbers = {shopper.bought()["order_number"] for shopper in shoppers}
    seconds = time.monotonic() - began

    assert still_hanging
    assert (alive.status, {answer.status for answer in browsing}) == (200, {200})
    assert max(answer.seconds for answer in (alive, *browsing)) < 3.5
    assert {answer.status for answer in answers} == {202}
    assert max(answer.seconds for answer in answers) < 2 * PAYMENT_READ_SECONDS + 4
    assert len(numbers) == AT_ONCE
    assert seconds < 20
    assert all(paid_once(house, shopper) for shopper in shoppers)


def test_an_order_nobody_asks_about_again_is_paid_by_the_sweeper(house: House) -> None:
    shopper = house.shopper()

    house.provider.cut()
    order_id = shopper.confirm().data["order_id"]
    house.mend()
    house.postgres.ask(SWEEP)  # its pause, up to a minute, is over
    began = time.monotonic()
    await_that(lambda: shopper.order_status(order_id) == "CREATED", "paid", 30, every=0.2)

    assert time.monotonic() - began < 15
    assert paid_once(house, shopper)


def paid_once(house: House, shopper: Shopper) -> bool:
    """Whether the shopper has one order, and the provider one hold for it."""
    return len(shopper.orders()) == 1 and house.outside.holds(shopper.bought()["payment_reference"]) == 1
