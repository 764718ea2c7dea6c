"""Putting events up for integrators: to whom, what they are told, once, and nothing about people."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import TypeAdapter
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain.enums import OrderActionType, OrderStatus, Role, SwitchedOff
from app.domain.webhooks import API_VERSION, EVENTS
from app.models import OutboxEvent, Payment, Payout, User, WebhookDelivery
from app.schemas.webhook_events import DATA, WebhookMessage
from app.services import relay
from app.services.events.event import Event
from app.services.webhooks.fanning_out import fan_out
from app.transaction import transaction
from tests.conftest import Statements
from tests.factories import make_consumer, make_event, make_order, make_shop, make_shop_order, make_user, make_vendor
from tests.receiving import make_webhook
from tests.shopping import make_shopper, open_shop

URL = "https://hooks.example.com/"


def put_up(session: Session) -> list[WebhookDelivery]:
    session.expire_all()
    return list(session.execute(select(WebhookDelivery).order_by(WebhookDelivery.id)).scalars())


def test_an_order_event_is_put_up_for_those_who_listen_and_are_active(session: Session) -> None:
    order = make_order(session, make_user(session))
    listening = [make_webhook(session, URL, topics) for topics in ("order.confirmed", "order.*", "*")]
    make_webhook(session, URL, "order.ready", "shop_order.*")
    make_webhook(session, URL, is_active=False, disabled_reason=SwitchedOff.PAUSED)
    event = make_event(session, "order.confirmed", order_id=order.id)

    relay.relay_due()

    made = put_up(session)
    assert [delivery.endpoint_id for delivery in made] == [endpoint.id for endpoint in listening]
    assert {(delivery.event_id, delivery.topic) for delivery in made} == {(event.id, "order.confirmed")}
    session.refresh(event)
    assert event.done_at is not None


def test_the_message_tells_the_order_in_ids_states_and_amounts(session: Session) -> None:
    order = make_order(session, make_user(session), quantity=3)
    session.execute(update(Payment).values(captured_amount=Decimal("30.00"), refunded_amount=Decimal("4.50")))
    session.commit()
    make_webhook(session, URL)
    event = make_event(session, "order.refunded", order_id=order.id)

    relay.relay_due()

    (delivery,) = put_up(session)
    message = WebhookMessage.model_validate(delivery.payload)
    assert (message.id, message.type, message.api_version) == (f"evt_{event.id}", "order.refunded", API_VERSION)
    assert message.created_at == event.created_at
    told = {name: message.data[name] for name in ("order_id", "order_number", "customer_id", "status", "channel")}
    assert told == {
        "order_id": order.id,
        "order_number": order.order_number,
        "customer_id": order.user_id,
        "status": "CREATED",
        "channel": "DELIVERY_OR_PICKUP",
    }
    assert (message.data["total_amount"], message.data["refunded"]) == (30.0, 4.5)
    assert (message.data["branch_id"], message.data["shop_id"]) == (order.stock_location_id, None)


def test_an_event_put_up_twice_is_there_once(session: Session) -> None:
    order = make_order(session, make_user(session))
    make_webhook(session, URL)
    event = make_event(session, "order.confirmed", order_id=order.id)
    relay.relay_due()
    session.execute(update(OutboxEvent).values(done_at=None, next_at=func.now()))  # as if killed before it was noted
    session.commit()

    relayed = relay.relay_due()

    assert relayed == 1
    assert [delivery.event_id for delivery in put_up(session)] == [event.id]


@pytest.mark.parametrize("topic", ["registration.code", "user.registered"])
def test_what_is_no_business_of_integrators_asks_the_database_nothing(
    session: Session, statements: Statements, topic: str
) -> None:
    make_webhook(session, URL)
    with transaction() as open_:
        statements.clear()

        fan_out(open_, Event(1, topic, {"user_id": 1, "code": "4821"}, 1))

    assert statements == []
    assert put_up(session) == []


def test_an_event_costs_one_statement_without_listeners_and_two_with_them(
    session: Session, statements: Statements
) -> None:
    order = make_order(session, make_user(session))
    row = make_event(session, "order.ready", order_id=order.id)
    event = Event(row.id, row.topic, row.payload, 1)
    counts = []

    for topics in ("order.confirmed", "order.ready", "*"):
        make_webhook(session, URL, topics)
        with transaction() as open_:
            statements.clear()
            fan_out(open_, event)
            counts.append(len(statements))

    assert counts == [1, 2, 2]


def test_the_news_is_taken_back_with_the_transaction_that_marks_the_event(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make_order(session, make_user(session))
    make_webhook(session, URL)
    event = make_event(session, "order.confirmed", order_id=order.id)

    def killed(_event: Event) -> dict[str, Any]:
        """Asked for in the statement that marks the event, after the news was put up."""
        raise RuntimeError("killed")

    monkeypatch.setattr(relay.events, "without_secrets", killed)
    relay.relay_due()

    session.refresh(event)
    assert (event.done_at, event.last_error) == (None, "RuntimeError: killed")
    assert put_up(session) == []


def test_a_shops_order_tells_the_state_the_event_was_about(session: Session) -> None:
    shop = make_shop(session)
    order = make_shop_order(session, make_consumer(session), shop, status=OrderStatus.DELIVERED)
    make_webhook(session, URL, "shop_order.*")
    told = {"order_id": order.id, "action": "order_created", "status": "PENDING", "actor_user_id": order.user_id}
    make_event(session, "shop_order.acted", **told)

    relay.relay_due()

    (delivery,) = put_up(session)
    assert delivery.topic == "shop_order.created"
    data = delivery.payload["data"]
    assert (data["status"], data["shop_id"], data["branch_id"]) == ("PENDING", shop.id, None)


def test_a_payout_is_told_of_from_its_request_on(session: Session, client: FlaskClient) -> None:
    vendor = make_vendor(session)
    shop = make_shop(session, vendor)
    admin = make_user(session, role=Role.ADMIN)
    payout = Payout(
        shop_id=shop.id,
        amount=Decimal("250.00"),
        currency="INR",
        idempotency_key="one",
        request_hash="0" * 64,
        bank_name="Bank of Pune",
        account_number="encrypted",
        last4="6789",
        ifsc_code="HDFC0001234",
        requested_by=admin.id,
    )
    session.add(payout)
    session.commit()
    make_webhook(session, URL, "payout.*")
    make_event(session, "payout.changed", payout_id=payout.id, status="approved")

    relay.relay_due()

    (delivery,) = put_up(session)
    assert delivery.topic == "payout.approved"
    assert delivery.payload["data"] == {
        "payout_id": payout.id,
        "shop_id": shop.id,
        "amount": 250.0,
        "currency": "INR",
        "status": "approved",
    }


def test_an_order_bought_and_cancelled_over_http_is_told_of(client: FlaskClient, session: Session) -> None:
    shop = open_shop(session, products=1)
    shopper = make_shopper(session, client)
    make_webhook(session, URL, "order.*")
    shopper.add(shop.products[0], 2)
    order_id = shopper.confirm(shop).json["data"]["order_id"]
    shopper.post(f"/orders/{order_id}/cancel")

    relay.relay_due()

    made = put_up(session)
    assert [delivery.topic for delivery in made] == ["order.placed", "order.confirmed", "order.canceled"]
    assert {delivery.payload["data"]["order_id"] for delivery in made} == {order_id}
    assert made[-1].payload["data"]["cancel_reason"] == "user"


PRIVATE = {
    "full_name": "Rivka Canary",
    "email": "canary@example.com",
    "phone": "+972509998877",
    "address": "Canary Lane 7",
    "city": "Canaryville",
}


def test_no_message_names_a_person_and_each_is_as_its_schema_says(session: Session) -> None:
    people = {name: PRIVATE[name] for name in ("full_name", "email", "phone")}
    user = make_user(session, **people)
    shop = make_shop(session)
    order = make_order(session, user, address=PRIVATE["address"], notes="Ring at Canary's")
    shop_order = make_shop_order(session, user, shop, address=PRIVATE["address"])
    make_webhook(session, URL)
    for topic in (event for event in EVENTS if event.startswith("order.")):
        row = make_event(session, topic, order_id=order.id, user_id=user.id, reason="Canary was out")
        _fan(session, row)
    for action in set(OrderActionType) - {OrderActionType.MESSAGE_SENT}:
        told = {"order_id": shop_order.id, "action": action, "status": "PENDING", "actor_user_id": user.id}
        _fan(session, make_event(session, "shop_order.acted", **told))

    made = put_up(session)

    assert {delivery.topic for delivery in made} == {event for event in EVENTS if not event.startswith("payout.")}
    for delivery in made:
        message = WebhookMessage.model_validate(delivery.payload)
        TypeAdapter(DATA[delivery.topic]).validate_python(message.data)
        assert not re.search("canary|\\+97|@", str(delivery.payload), re.IGNORECASE)
        assert isinstance(message.created_at, datetime)


def _fan(session: Session, row: OutboxEvent) -> None:
    with transaction() as open_:
        fan_out(open_, Event(row.id, row.topic, row.payload, 1))


def test_an_order_that_is_gone_is_told_to_nobody(session: Session) -> None:
    make_webhook(session, URL)
    row = make_event(session, "order.ready", order_id=10**9)

    _fan(session, row)

    assert put_up(session) == []
    assert session.execute(select(func.count()).select_from(User)).scalar_one() == 0
