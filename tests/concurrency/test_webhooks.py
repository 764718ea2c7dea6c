"""Webhooks when everything happens at once: put up once, sent by one, and nobody held up by an address that hangs."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.clients import webhooks as client
from app.domain.enums import DeliveryState
from app.models import OutboxEvent, WebhookDelivery, WebhookEndpoint
from app.services import relay
from app.services.events.event import Event
from app.services.webhooks import endpoints, sending
from app.services.webhooks.fanning_out import fan_out
from app.tasks.senders import AT_ONE_ENDPOINT, SENDERS, Senders
from app.transaction import transaction
from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.factories import caller_of, make_order, make_user
from tests.receiving import SECRET, Receiver, allow_private, answering, hanging, make_delivery, make_webhook, receiving


@pytest.fixture
def receiver(live: Live, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    allow_private(live.app, monkeypatch)
    with receiving() as server:
        yield server


def endpoint_at(live: Live, url: str) -> int:
    with live.app.app_context(), Session(live.engine) as session:
        return make_webhook(session, url).id


def fill(live: Live, endpoint_id: int, numbers: range) -> None:
    with Session(live.engine) as session:
        endpoint = session.get_one(WebhookEndpoint, endpoint_id)
        for number in numbers:
            make_delivery(session, endpoint, number)


def states(live: Live) -> Counter[tuple[DeliveryState, int]]:
    with Session(live.engine) as session:
        return Counter(
            (state, attempts)
            for state, attempts in session.execute(select(WebhookDelivery.state, WebhookDelivery.attempts))
        )


def in_context(live: Live, work: Callable[[], object]) -> Callable[[], object]:
    def run() -> object:
        with live.app.app_context():
            return work()

    return run


def test_relays_at_work_together_put_each_event_up_once(live: Live) -> None:
    ids = {endpoint_at(live, "https://hooks.example.com/") for _ in range(2)}
    with Session(live.engine) as session:
        order = make_order(session, make_user(session))
        payload = {"order_id": order.id, "user_id": order.user_id}
        session.add_all(
            OutboxEvent(topic="order.placed", aggregate=f"order:{order.id}", payload=payload) for _ in range(40)
        )
        session.commit()

    def work() -> None:
        while relay.relay_due(batch=7):
            pass

    at_once([in_context(live, work)] * 3)

    with Session(live.engine) as session:
        pairs = session.execute(select(WebhookDelivery.endpoint_id, WebhookDelivery.event_id)).all()
    assert len(pairs) == len(set(pairs)) == 80
    assert {pair.endpoint_id for pair in pairs} == ids


def test_two_relays_that_both_hold_an_event_put_it_up_once(live: Live) -> None:
    endpoint_at(live, "https://hooks.example.com/")
    with Session(live.engine) as session:
        order = make_order(session, make_user(session))
        row = OutboxEvent(topic="order.placed", aggregate="test:1", payload={"order_id": order.id})
        session.add(row)
        session.commit()
        event = Event(row.id, row.topic, row.payload, 1)
    inside = threading.Barrier(4)

    def work() -> None:
        with transaction() as session:
            inside.wait(10)
            fan_out(session, event)

    at_once([in_context(live, work)] * 4)

    assert states(live).total() == 1


def test_senders_at_work_together_send_each_message_once(live: Live, receiver: Receiver) -> None:
    for first in (0, 30):
        fill(live, endpoint_at(live, receiver.url), range(first + 1, first + 31))

    def work() -> None:
        while message := sending.lease():
            sending.send(message)

    at_once([in_context(live, work)] * 6)

    assert Counter(seen.id for seen in receiver.received) == Counter(f"evt_{number}" for number in range(1, 61))
    assert all(seen.is_signed_with(SECRET) for seen in receiver.received)
    assert states(live) == {(DeliveryState.SENT, 1): 60}


def test_many_senders_never_lease_the_same_message(live: Live) -> None:
    endpoint = endpoint_at(live, "https://hooks.example.com/")
    fill(live, endpoint, range(1, 9))

    leased = at_once([in_context(live, sending.lease)] * 16)

    ids = [message.id for message in leased if isinstance(message, sending.Leased)]
    assert len(ids) == len(set(ids)) == 8


def test_an_address_that_hangs_holds_up_nobody_else(live: Live, receiver: Receiver) -> None:
    with receiving() as stuck:
        stuck.usually = hanging
        fill(live, endpoint_at(live, stuck.url), range(1, 41))  # due before all others
        fill(live, endpoint_at(live, receiver.url), range(41, 101))
        senders = Senders()
        began = time.monotonic()

        senders.call(live.app)
        while len(receiver.received) < 60 and time.monotonic() - began < 10:
            time.sleep(0.02)
        took = time.monotonic() - began
        waiting = stuck.at_once
        stuck.over.set()

        assert took < client.SECONDS - 1
        assert waiting == AT_ONE_ENDPOINT
        assert senders.join(20)
    assert stuck.most_at_once == AT_ONE_ENDPOINT
    assert receiver.most_at_once <= AT_ONE_ENDPOINT


def test_a_process_makes_so_many_calls_at_most(live: Live, receiver: Receiver) -> None:
    receiver.usually = hanging
    for first in range(0, 60, 10):
        fill(live, endpoint_at(live, receiver.url), range(first + 1, first + 4))
    senders = Senders()

    for _ in range(30):
        senders.call(live.app)
    began = time.monotonic()
    while receiver.at_once < SENDERS and time.monotonic() - began < 10:
        time.sleep(0.02)
    time.sleep(0.2)

    assert receiver.at_once == receiver.most_at_once == SENDERS
    receiver.over.set()
    receiver.usually = answering(200)
    assert senders.join(20)


def test_calling_the_senders_takes_no_time_and_they_end_when_nothing_is_due(live: Live, receiver: Receiver) -> None:
    receiver.usually = hanging
    fill(live, endpoint_at(live, receiver.url), range(1, 2))
    senders = Senders()

    began = time.monotonic()
    senders.call(live.app)
    took = time.monotonic() - began
    ended = senders.join(0.1)
    receiver.over.set()

    assert took < 0.5
    assert not ended
    assert senders.join(10)


def test_a_sender_that_fails_leaves_its_message_to_a_later_one(
    live: Live, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fill(live, endpoint_at(live, receiver.url), range(1, 2))
    real, senders = sending.send, Senders()
    monkeypatch.setattr(sending, "send", lambda message: 1 / 0)
    senders.call(live.app)
    assert senders.join(10)
    monkeypatch.setattr(sending, "send", real)
    with Session(live.engine) as session:
        session.execute(update(WebhookDelivery).values(next_at=func.now() - timedelta(seconds=1)))
        session.commit()

    senders.call(live.app)

    assert senders.join(10)
    assert "sending webhooks failed" in caplog.text
    assert states(live) == {(DeliveryState.SENT, 2): 1}


def test_failures_and_deletions_of_one_endpoint_never_wait_for_each_other_in_a_circle(
    live: Live, receiver: Receiver
) -> None:
    receiver.usually = answering(500)
    with live.app.app_context(), Session(live.engine) as session:
        caller = caller_of(session, make_user(session))
    for round_ in range(5):
        endpoint = endpoint_at(live, receiver.url)
        fill(live, endpoint, range(1, 9))

        def send() -> None:
            while message := sending.lease():
                sending.send(message)

        def remove(endpoint: int = endpoint, wait: float = round_ / 100) -> None:
            time.sleep(wait)
            endpoints.remove(caller, endpoint_id=endpoint)

        at_once([in_context(live, send), in_context(live, send), in_context(live, send), in_context(live, remove)])

    assert states(live) == {}
