"""Sending to integrators: signed, tried again, given up, and an endpoint that only fails switched off."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.clients import webhooks as client
from app.domain.enums import DeliveryState, Role, SwitchedOff
from app.extensions import db
from app.models import AuditEvent, Notification, OutboxEvent, SandboxMessage, WebhookDelivery, WebhookEndpoint
from app.services import relay
from app.services.secrets_at_rest import encrypt
from app.services.webhooks import sending
from tests.factories import make_user
from tests.receiving import (
    OTHER_SECRET,
    SECRET,
    Receiver,
    allow_private,
    answering,
    hanging_up,
    make_delivery,
    make_webhook,
    receiving,
)


@pytest.fixture
def receiver(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    allow_private(app, monkeypatch)
    with receiving() as server:
        yield server


def pass_() -> list[bool]:
    """Send all that is due; answers of each message whether it was taken."""
    taken = []
    while message := sending.lease():
        taken.append(sending.send(message))
    return taken


def again(session: Session, row: Any) -> Any:
    session.refresh(row)
    return row


def wait_of(delivery: WebhookDelivery) -> float:
    return (delivery.next_at - datetime.now(UTC)).total_seconds()


def test_a_message_arrives_signed_under_the_name_of_its_event(session: Session, receiver: Receiver) -> None:
    delivery = make_delivery(session, make_webhook(session, receiver.url), 1742)

    taken = pass_()

    (seen,) = receiver.received
    assert taken == [True]
    assert seen.id == "evt_1742"
    assert seen.message == delivery.payload
    assert seen.is_signed_with(SECRET)
    assert abs(int(seen.headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 5
    assert again(session, delivery).state is DeliveryState.SENT
    assert (delivery.attempts, delivery.answer_status, delivery.last_error) == (1, 200, None)
    assert delivery.sent_at is not None


@pytest.mark.parametrize(("hours", "both"), [(1, True), (-1, False)])
def test_for_a_day_after_a_change_both_secrets_sign(
    session: Session, receiver: Receiver, hours: int, both: bool
) -> None:
    until = datetime.now(UTC) + timedelta(hours=hours)
    endpoint = make_webhook(session, receiver.url, previous_secret=encrypt(OTHER_SECRET), previous_until=until)
    make_delivery(session, endpoint)

    pass_()

    (seen,) = receiver.received
    assert seen.is_signed_with(SECRET)
    assert seen.is_signed_with(OTHER_SECRET) is both


def test_a_failure_is_noted_and_tried_again_after_a_wait(session: Session, receiver: Receiver) -> None:
    endpoint = make_webhook(session, receiver.url)
    delivery = make_delivery(session, endpoint)
    receiver.answers = [answering(500, b"our stack trace")]

    taken = pass_()

    assert taken == [False]
    assert again(session, delivery).state is DeliveryState.PENDING
    assert (delivery.attempts, delivery.answer_status, delivery.last_error) == (1, 500, "answered 500")
    assert 5 < wait_of(delivery) <= 11
    assert again(session, endpoint).failing_since is not None
    assert endpoint.is_active


def test_the_next_try_sends_the_same_bytes_under_the_same_name(session: Session, receiver: Receiver) -> None:
    delivery = make_delivery(session, make_webhook(session, receiver.url))
    receiver.answers = [hanging_up]
    pass_()
    session.execute(update(WebhookDelivery).values(next_at=func.now()))
    session.commit()

    pass_()

    first, second = receiver.received
    assert (first.id, first.body) == (second.id, second.body)
    assert second.is_signed_with(SECRET)
    assert again(session, delivery).state is DeliveryState.SENT
    assert (delivery.attempts, delivery.last_error) == (2, None)


def test_a_success_ends_the_time_of_failures(session: Session, receiver: Receiver) -> None:
    endpoint = make_webhook(session, receiver.url, failing_since=datetime.now(UTC) - timedelta(days=9))
    make_delivery(session, endpoint)

    pass_()

    assert again(session, endpoint).failing_since is None
    assert endpoint.is_active


@pytest.mark.parametrize(("asked", "least", "most"), [("120", 100, 120), ("1", 5, 11), ("99999999", 86_000, 86_400)])
def test_retry_after_is_heeded_within_bounds(
    session: Session, receiver: Receiver, asked: str, least: float, most: float
) -> None:
    delivery = make_delivery(session, make_webhook(session, receiver.url))
    receiver.answers = [answering(429, Retry_After=asked)]

    pass_()

    assert least < wait_of(again(session, delivery)) <= most


def test_after_the_twelfth_try_a_message_has_failed(session: Session, receiver: Receiver) -> None:
    delivery = make_delivery(session, make_webhook(session, receiver.url), attempts=10)
    receiver.usually = answering(503)
    pass_()
    still = again(session, delivery).state
    session.execute(update(WebhookDelivery).values(next_at=func.now()))
    session.commit()

    pass_()

    assert still is DeliveryState.PENDING
    assert again(session, delivery).state is DeliveryState.FAILED
    assert (delivery.attempts, delivery.answer_status) == (12, 503)
    assert pass_() == []


def test_a_message_whose_every_try_ended_its_sender_is_given_up(session: Session, receiver: Receiver) -> None:
    delivery = make_delivery(session, make_webhook(session, receiver.url), attempts=12)
    other = make_delivery(session, make_webhook(session, receiver.url))

    taken = pass_()

    assert taken == [True]
    assert again(session, delivery).state is DeliveryState.FAILED
    assert delivery.last_error == "no try came to an end"
    assert again(session, other).state is DeliveryState.SENT


def test_gone_ends_message_and_endpoint_at_once(session: Session, receiver: Receiver) -> None:
    endpoint = make_webhook(session, receiver.url)
    first, second = make_delivery(session, endpoint, 1), make_delivery(session, endpoint, 2)
    receiver.answers = [answering(410)]

    taken = pass_()

    assert taken == [False]
    assert again(session, endpoint).is_active is False
    assert endpoint.disabled_reason == SwitchedOff.GONE
    assert again(session, first).state is DeliveryState.FAILED
    assert again(session, second).state is DeliveryState.PENDING


@pytest.mark.parametrize(("failing", "is_active"), [(timedelta(days=2, hours=23), True), (timedelta(days=3), False)])
def test_three_days_of_failures_alone_switch_an_endpoint_off(
    session: Session, receiver: Receiver, failing: timedelta, is_active: bool
) -> None:
    endpoint = make_webhook(session, receiver.url, failing_since=datetime.now(UTC) - failing)
    make_delivery(session, endpoint)
    receiver.usually = answering(500)

    pass_()

    assert again(session, endpoint).is_active is is_active
    assert endpoint.disabled_reason == (None if is_active else SwitchedOff.FAILING)


def test_each_active_admin_is_told_in_the_shop_and_by_mail(session: Session, receiver: Receiver) -> None:
    admins = [make_user(session, role=Role.ADMIN) for _ in range(2)]
    make_user(session, role=Role.ADMIN, is_active=False)
    make_user(session, role=Role.MANAGER)
    endpoint = make_webhook(session, f"{receiver.url}?token=hidden")
    make_delivery(session, endpoint)
    receiver.usually = answering(410)
    pass_()

    relayed = relay.relay_due()

    told = session.execute(select(Notification).order_by(Notification.user_id)).scalars().all()
    mails = session.execute(select(SandboxMessage)).scalars().all()
    assert relayed == 2
    assert [note.user_id for note in told] == [admin.id for admin in admins]
    assert {note.kind for note in told} == {"webhook.disabled"}
    assert {mail.recipient for mail in mails} == {admin.email for admin in admins}
    assert f"Webhook {endpoint.id} to 127.0.0.1 is switched off: it answered that it is gone." in mails[0].body
    assert "hidden" not in mails[0].body + told[0].body


def test_switching_off_stands_in_the_audit_trail_once(session: Session, receiver: Receiver) -> None:
    endpoint = make_webhook(session, receiver.url)
    make_delivery(session, endpoint, 1)
    make_delivery(session, endpoint, 2)
    receiver.usually = answering(410)
    both = [sending.lease(), sending.lease()]

    for message in both:
        assert message is not None
        sending.send(message)

    audited = select(AuditEvent).where(AuditEvent.entity_type == "webhook_endpoint")
    (event,) = session.execute(audited).scalars()
    assert (event.action, event.entity_id, event.actor_user_id) == ("SWITCH_OFF", endpoint.id, None)
    assert event.new_value == {"is_active": False, "disabled_reason": "gone"}


def test_nothing_is_sent_to_a_switched_off_endpoint(session: Session, receiver: Receiver) -> None:
    endpoint = make_webhook(session, receiver.url, is_active=False, disabled_reason=SwitchedOff.PAUSED)
    delivery = make_delivery(session, endpoint)

    assert pass_() == []
    assert receiver.received == []
    assert again(session, delivery).state is DeliveryState.PENDING


def test_a_message_in_hand_is_out_of_everybody_elses_sight(session: Session, receiver: Receiver) -> None:
    make_delivery(session, make_webhook(session, receiver.url))

    first, second = sending.lease(), sending.lease()

    assert first is not None
    assert second is None


def test_the_message_of_a_sender_that_died_is_sent_by_another(session: Session, receiver: Receiver) -> None:
    delivery = make_delivery(session, make_webhook(session, receiver.url))
    sending.lease()  # and no more is heard of it
    session.execute(update(WebhookDelivery).values(next_at=WebhookDelivery.next_at - sending.LEASE))
    session.commit()

    taken = pass_()

    assert taken == [True]
    assert again(session, delivery).attempts == 2


def test_a_sender_that_is_late_spoils_nothing(session: Session, receiver: Receiver) -> None:
    delivery = make_delivery(session, make_webhook(session, receiver.url))
    late = sending.lease()
    assert late is not None
    session.execute(update(WebhookDelivery).values(next_at=func.now()))
    session.commit()
    pass_()
    receiver.answers = [answering(500)]

    sending.send(late)

    assert again(session, delivery).state is DeliveryState.SENT
    assert (delivery.attempts, delivery.answer_status) == (2, 200)


def test_a_lease_outlasts_a_call() -> None:
    assert sending.LEASE.total_seconds() > 3 * client.SECONDS


def test_endpoints_to_avoid_are_passed_over_for_the_next(session: Session, receiver: Receiver) -> None:
    busy, idle = make_webhook(session, receiver.url), make_webhook(session, receiver.url)
    make_delivery(session, busy, next_at=datetime.now(UTC) - timedelta(hours=1))
    make_delivery(session, idle)

    message = sending.lease([busy.id])

    assert message is not None
    assert message.endpoint_id == idle.id


def test_what_waits_longest_goes_first(session: Session, receiver: Receiver) -> None:
    endpoint, other = make_webhook(session, receiver.url), make_webhook(session, receiver.url)
    now = datetime.now(UTC)
    for number, minutes in ((1, 1), (2, 3)):
        make_delivery(session, endpoint, number, next_at=now - timedelta(minutes=minutes))
    make_delivery(session, other, 3, next_at=now - timedelta(minutes=2))

    pass_()

    assert [seen.id for seen in receiver.received] == ["evt_2", "evt_3", "evt_1"]


def test_no_transaction_is_open_during_the_call(
    session: Session, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_delivery(session, make_webhook(session, receiver.url))
    real, open_ = client.send, []

    def look(*args: Any, **kwargs: Any) -> client.Answer:
        open_.append("aisle.transaction_open" in db.session().info)
        return real(*args, **kwargs)

    monkeypatch.setattr(client, "send", look)
    pass_()

    assert open_ == [False]


def test_a_deleted_endpoint_leaves_nothing_to_note(session: Session, receiver: Receiver) -> None:
    endpoint = make_webhook(session, receiver.url)
    make_delivery(session, endpoint)
    message = sending.lease()
    assert message is not None
    session.delete(endpoint)
    session.commit()
    receiver.answers = [answering(500)]

    assert sending.send(message) is False
    assert session.execute(select(WebhookDelivery)).all() == []
    assert session.execute(select(OutboxEvent)).all() == []


def test_neither_secret_nor_address_nor_answer_is_logged_or_kept(
    session: Session, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    delivery = make_delivery(session, make_webhook(session, f"{receiver.url}?token=hidden"))
    receiver.answers = [answering(500, b"their innards")]
    caplog.set_level(logging.WARNING, logger="aisle.webhooks")

    message = sending.lease()
    assert message is not None
    sending.send(message)

    logged = json.dumps([str(record.__dict__) for record in caplog.records if record.name.startswith("aisle")])
    kept = str(again(session, delivery).last_error)
    assert "answered 500" in logged
    for hidden in ("hidden", SECRET, "innards"):
        assert hidden not in logged + kept + repr(message)


def test_secrets_lie_encrypted_in_the_database(session: Session, receiver: Receiver) -> None:
    make_webhook(session, receiver.url)

    stored = session.execute(select(WebhookEndpoint.secret)).scalar_one()

    assert "whsec" not in stored
    assert SECRET.removeprefix("whsec_") not in stored


def test_an_address_that_turned_private_fails_like_a_dead_one(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "resolve", lambda host, port: ["10.0.0.8"])
    delivery = make_delivery(session, make_webhook(session, "https://hooks.example.com/"))

    taken = pass_()

    assert taken == [False]
    assert again(session, delivery).last_error == "The address does not lead to the public internet."
