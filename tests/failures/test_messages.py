"""Mail and text messages fail: nobody waits for them, and what was to be said is said later, once."""

import time

import pytest

from scripts.parts.child import await_that
from tests.failures.house import House

pytestmark = pytest.mark.alone

PHONE = "+919876543210"
PAYMENTS_ARE_DUE = "UPDATE payment_operations SET next_at = now() WHERE state IN ('created', 'unknown') RETURNING 1"
FIRST_PAUSE = 5
"""Seconds until a message that failed once is tried again."""


def test_mails_that_could_not_be_sent_arrive_after_the_return_once_each(house: House) -> None:
    house.messages.cut()
    shopper = house.shopper()
    bought = shopper.confirm()
    await_that(lambda: failed_once(house) >= 2, "two mails failed", 10)
    house.mend()
    began = time.monotonic()
    await_that(lambda: len(house.outside.mails_to(shopper.email)) == 2, "both mails", FIRST_PAUSE + 25, every=0.2)
    seconds = time.monotonic() - began

    assert bought.status == 201
    assert bought.seconds < 2
    assert seconds < FIRST_PAUSE + 10
    assert set(house.outside.mails_to(shopper.email).values()) == {1}


def test_a_mail_provider_that_hangs_holds_up_neither_requests_nor_payments(house: House) -> None:
    house.messages.silence()
    shoppers = [house.shopper() for _ in range(6)]
    answers = [shopper.confirm() for shopper in shoppers[1:]]
    await_that(lambda: waiting_mails(house) >= 11, "mails wait", 10)
    house.provider.cut()
    order_id = shoppers[0].confirm().data["order_id"]
    house.provider.mend()
    house.postgres.ask(PAYMENTS_ARE_DUE)
    began = time.monotonic()
    await_that(lambda: shoppers[0].order_status(order_id) == "CREATED", "paid by the sweeper", 60, every=0.2)
    seconds = time.monotonic() - began
    house.messages.mend()

    assert {answer.status for answer in answers} == {201}
    assert max(answer.seconds for answer in answers) < 2
    assert seconds < 30


def test_a_text_message_that_could_not_be_sent_arrives_after_the_return_once(house: House) -> None:
    house.messages.cut()
    asked = house.ask("POST", "/api/v1/send-otp", json={"phone": PHONE})
    await_that(lambda: failed_once(house) >= 1, "the message failed", 10)
    house.mend()
    await_that(lambda: house.outside.texts, "the text message", FIRST_PAUSE + 25, every=0.2)

    assert asked.status == 200
    assert asked.seconds < 2
    assert [(to, times) for (to, _), times in house.outside.texts.items()] == [(PHONE, 1)]


def failed_once(house: House) -> int:
    return int(house.postgres.ask("SELECT count(*) FROM outbox WHERE done_at IS NULL AND last_error IS NOT NULL"))


def waiting_mails(house: House) -> int:
    return int(house.postgres.ask("SELECT count(*) FROM outbox WHERE done_at IS NULL"))
