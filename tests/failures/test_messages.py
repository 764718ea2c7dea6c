"""Mail and text messages fail: nobody waits for them, and what was to be said is said later, once."""

import time

import pytest

from scripts.parts.child import await_that
from tests.failures.house import WORKERS, House

pytestmark = pytest.mark.alone

PHONE = "+919876543210"
PAYMENTS_ARE_DUE = "UPDATE payment_operations SET next_at = now() WHERE state IN ('created', 'unknown') RETURNING 1"
PASS = 50
"""Messages a process takes on at once; each of them would take ten seconds."""
MANY_MAILS = """
    INSERT INTO outbox (topic, aggregate, payload)
    SELECT topic, aggregate, payload FROM outbox, generate_series(1, %s)
    WHERE topic = 'user.registered' AND aggregate = (SELECT 'user:' || id FROM users WHERE email = %s)
    RETURNING 1
"""
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
    reader, buyer, other = shoppers = [house.shopper() for _ in range(3)]
    await_that(lambda: all(house.outside.mails_to(one.email) for one in shoppers), "the mails of their welcome", 30)

    house.messages.silence()
    house.postgres.ask(MANY_MAILS, WORKERS * PASS, reader.email)
    await_that(lambda: leased_mails(house) > (WORKERS - 1) * PASS, "a pile of mails for each process", 25)
    bought = other.confirm()
    house.provider.cut()
    order_id = buyer.confirm().data["order_id"]
    house.provider.mend()
    house.postgres.ask(PAYMENTS_ARE_DUE)
    began = time.monotonic()
    await_that(lambda: buyer.order_status(order_id) == "CREATED", "paid by the sweeper", 60, every=0.2)
    seconds = time.monotonic() - began
    still_waiting = waiting_mails(house)
    house.postgres.ask("DELETE FROM outbox WHERE done_at IS NULL RETURNING 1")

    assert bought.status == 201
    assert bought.seconds < 2
    assert seconds < 30
    assert still_waiting > (WORKERS - 1) * PASS


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


def leased_mails(house: House) -> int:
    return int(house.postgres.ask("SELECT count(*) FROM outbox WHERE done_at IS NULL AND next_at > now() + '1 min'"))


def waiting_mails(house: House) -> int:
    return int(house.postgres.ask("SELECT count(*) FROM outbox WHERE done_at IS NULL"))
