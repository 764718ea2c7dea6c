"""Relaying the outbox: at least once, one failure never in another's way, no secret left behind."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.clients.email import MessageNotSent
from app.domain.enums import OrderStatus
from app.extensions import db
from app.models import Notification, OutboxEvent, Payment, SandboxMessage
from app.services import events, relay
from app.services.events.event import Event
from tests.conftest import Live
from tests.factories import make_event, make_order, make_user
from tests.shopping import make_shopper, open_shop


def mails_to(session: Session, address: str) -> list[SandboxMessage]:
    statement = select(SandboxMessage).where(SandboxMessage.recipient == address).order_by(SandboxMessage.id)
    return list(session.execute(statement).scalars())


def again(session: Session, event: OutboxEvent) -> OutboxEvent:
    session.refresh(event)
    return event


def make_due(session: Session) -> None:
    session.execute(update(OutboxEvent).values(next_at=func.now()))
    session.commit()


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """A topic whose handler always fails; counts its tries."""
    tries: Counter[str] = Counter()

    def fail(event: Event) -> None:
        tries[event.topic] += 1
        raise MessageNotSent("the mail provider answered 500")

    monkeypatch.setitem(events.HANDLERS, "test.broken", fail)
    return tries


def test_a_registration_code_is_mailed_as_a_word_of_its_own(session: Session) -> None:
    make_event(session, "registration.code", email="new@example.com", code="4821")

    relayed = relay.relay_due()

    [mail] = mails_to(session, "new@example.com")
    assert relayed == 1
    assert "4821" in mail.body.split()


def test_a_sent_code_does_not_stay_in_the_outbox(session: Session) -> None:
    event = make_event(session, "registration.code", email="new@example.com", code="4821")

    relay.relay_due()

    assert again(session, event).done_at is not None
    assert event.payload == {"email": "new@example.com", "code": ""}


def test_a_sent_reset_token_does_not_stay_in_the_outbox(session: Session) -> None:
    link = "https://shop.example/reset-password?token=abcdefgh"
    event = make_event(session, "password.reset", email="dana@example.com", token="abcdefgh", link=link)

    relay.relay_due()

    [mail] = mails_to(session, "dana@example.com")
    assert link in mail.body
    assert again(session, event).payload == {"email": "dana@example.com", "token": "", "link": ""}


def test_a_new_user_is_welcomed_by_name(session: Session) -> None:
    user = make_user(session, full_name="Noa Bar")
    make_event(session, "user.registered", user_id=user.id)

    relay.relay_due()

    [mail] = mails_to(session, str(user.email))
    assert "Noa Bar" in mail.body


def test_a_user_without_an_address_is_told_by_text_message(session: Session) -> None:
    user = make_user(session, email=None, phone="+972501234567")
    make_event(session, "user.registered", user_id=user.id)

    relay.relay_due()

    [message] = mails_to(session, "+972501234567")
    assert message.body == "Aisle: Your account is ready."


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        ("order.confirmed", "is confirmed"),
        ("order.canceled", "is cancelled, as you asked. You are not charged."),
        ("order.refunded", "paid back ₪4.00"),
    ],
)
def test_an_order_event_notifies_and_mails_its_user(session: Session, topic: str, words: str) -> None:
    user = make_user(session)
    columns = {"status": OrderStatus.CANCELED, "cancel_reason": "user"} if topic == "order.canceled" else {}
    order = make_order(session, user, paid=topic != "order.canceled", **columns)
    if topic == "order.refunded":
        _refund_four(session, order.id)
    event = make_event(session, topic, order_id=order.id, user_id=user.id)

    relay.relay_due()

    [mail] = mails_to(session, str(user.email))
    [notification] = session.execute(select(Notification).where(Notification.user_id == user.id)).scalars()
    assert words in mail.body
    assert order.order_number in mail.subject
    assert (notification.kind, notification.order_id, notification.outbox_id) == (topic, order.id, event.id)
    assert words in notification.body


def test_the_cancelling_of_a_paid_order_promises_the_money_back(session: Session) -> None:
    user = make_user(session)
    order = make_order(session, user, status=OrderStatus.CANCELED, cancel_reason="store")
    changed = {"captured_amount": Decimal("10.00"), "refund_pending_amount": Decimal("10.00")}
    session.execute(update(Payment).where(Payment.order_id == order.id).values(changed))
    make_event(session, "order.canceled", order_id=order.id, user_id=user.id)

    relay.relay_due()

    [mail] = mails_to(session, str(user.email))
    assert "is cancelled by the shop. What was paid is given back." in mail.body


def test_a_confirmed_order_tells_its_window_in_the_shops_time(session: Session) -> None:
    user = make_user(session)
    times = {"slot_start": datetime(2026, 12, 6, 6, 0, tzinfo=UTC), "slot_end": datetime(2026, 12, 6, 8, 0, tzinfo=UTC)}
    order = make_order(session, user, **times)
    make_event(session, "order.confirmed", order_id=order.id, user_id=user.id)

    relay.relay_due()

    [mail] = mails_to(session, str(user.email))
    assert "Its time: Sunday, 6 December 2026, 08:00 to 10:00." in mail.body


def test_buying_and_cancelling_over_http_reaches_inbox_and_notifications(client: FlaskClient, session: Session) -> None:
    shop = open_shop(session, products=1)
    shopper = make_shopper(session, client)
    shopper.add(shop.products[0], 2)
    order_id = shopper.confirm(shop).json["data"]["order_id"]
    shopper.post(f"/orders/{order_id}/cancel")

    relay.relay_due()

    kinds = [item["kind"] for item in shopper.get("/store/notifications").json["data"]["items"]]
    assert kinds == ["order.canceled", "order.confirmed"]
    assert len(mails_to(session, str(shopper.user.email))) == 2


def test_an_event_relayed_twice_leaves_one_notification_and_one_kept_mail(session: Session) -> None:
    user = make_user(session)
    order = make_order(session, user)
    event = make_event(session, "order.confirmed", order_id=order.id, user_id=user.id)
    relay.relay_due()
    session.execute(update(OutboxEvent).values(done_at=None, next_at=func.now()))  # as if killed before it was noted
    session.commit()

    relayed = relay.relay_due()

    assert relayed == 1
    assert again(session, event).attempts == 2
    assert len(mails_to(session, str(user.email))) == 1
    assert session.execute(select(func.count()).select_from(Notification)).scalar_one() == 1


def test_a_poisoned_event_does_not_block_the_ones_behind_it(session: Session, broken: Counter[str]) -> None:
    poison = make_event(session, "test.broken")
    good = make_event(session, "registration.code", email="new@example.com", code="4821")

    relayed = relay.relay_due()

    assert relayed == 1
    assert again(session, good).done_at is not None
    assert again(session, poison).done_at is None
    assert poison.last_error == "MessageNotSent: the mail provider answered 500"


def test_a_failed_event_waits_before_its_next_try(session: Session, broken: Counter[str]) -> None:
    event = make_event(session, "test.broken")

    relay.relay_due()
    relay.relay_due()

    wait = again(session, event).next_at - datetime.now(UTC)
    assert broken["test.broken"] == 1
    assert timedelta(seconds=0) < wait <= timedelta(seconds=5)


def test_the_wait_grows_from_five_seconds_to_an_hour() -> None:
    waits = [relay.back_off(attempts).total_seconds() for attempts in range(1, 9)]

    assert waits == [5, 15, 60, 300, 900, 3600, 3600, 3600]


def test_an_event_is_given_up_after_twelve_tries(session: Session, broken: Counter[str]) -> None:
    event = make_event(session, "test.broken")

    for _ in range(14):
        make_due(session)
        relay.relay_due()

    assert broken["test.broken"] == 12
    assert again(session, event).failed


def test_an_unsent_code_is_never_written_into_the_error_and_goes_when_given_up(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(event: Event) -> None:
        raise ValueError(event.payload["code"])

    monkeypatch.setitem(events.HANDLERS, "registration.code", fail)
    event = make_event(session, "registration.code", email="new@example.com", code="4821")
    event.attempts = 11
    session.commit()

    relay.relay_due()

    assert again(session, event).failed
    assert event.last_error == "ValueError"
    assert event.payload["code"] == ""


def test_a_topic_nobody_handles_is_kept_as_a_failure(session: Session) -> None:
    event = make_event(session, "test.unknown")

    relayed = relay.relay_due()

    assert relayed == 0
    assert again(session, event).last_error == "LookupError: no handler for this topic"


def test_events_a_slow_pass_does_not_get_to_are_handed_back(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make_event(session, "registration.code", email="one@example.com", code="1111")
    second = make_event(session, "registration.code", email="two@example.com", code="2222")
    moments = iter([0.0, 1.0, 6.0])
    monkeypatch.setattr(relay.time, "monotonic", lambda: next(moments))

    relayed = relay.relay_due()

    assert relayed == 1
    assert again(session, first).done_at is not None
    assert (again(session, second).attempts, second.done_at) == (0, None)
    assert second.next_at <= datetime.now(UTC)


def test_no_transaction_is_open_while_a_message_is_sent(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    monkeypatch.setitem(
        events.HANDLERS, "test.look", lambda _event: seen.append("aisle.transaction_open" in db.session().info)
    )
    make_event(session, "test.look")

    relay.relay_due()

    assert seen == [False]


def test_relays_at_work_together_handle_each_event_once(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    handled: Counter[int] = Counter()
    monkeypatch.setitem(events.HANDLERS, "test.count", lambda event: handled.update([event.id]))
    with Session(live.engine) as session:
        session.add_all(OutboxEvent(topic="test.count", aggregate="test:1", payload={}) for _ in range(60))
        session.commit()
    together = threading.Barrier(3)

    def work() -> None:
        together.wait()
        with live.app.app_context():
            while relay.relay_due(batch=7):
                pass

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with Session(live.engine) as session:
        left = session.execute(select(func.count()).where(OutboxEvent.done_at.is_(None))).scalar_one()
    assert left == 0
    assert len(handled) == 60
    assert set(handled.values()) == {1}


def _refund_four(session: Session, order_id: int) -> None:
    changed = {"captured_amount": Decimal("10.00"), "refunded_amount": Decimal("4.00")}
    session.execute(update(Payment).where(Payment.order_id == order_id).values(changed))
    session.commit()
