"""What vendors and consumers are told of an order: a notification, and what cannot wait by phone too."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Notification, SandboxMessage, User
from app.services import relay
from tests.factories import make_item
from tests.market import Market, fill_wallet, open_market


@pytest.fixture
def market(session: Session, client: FlaskClient) -> Market:
    return open_market(session, client, name="Corner Shop")


def notes(session: Session, user: User) -> list[str]:
    """The notifications of a user since the last look."""
    relay.relay_due()
    rows = session.execute(select(Notification).where(Notification.user_id == user.id).order_by(Notification.id))
    found = [row.body for row in rows.scalars()]
    session.execute(Notification.__table__.delete().where(Notification.user_id == user.id))
    session.commit()
    return found


def texts(session: Session, user: User) -> list[str]:
    """What the sandbox sent to a user's phone."""
    relay.relay_due()
    rows = session.execute(select(SandboxMessage.body).where(SandboxMessage.recipient == user.phone))
    return list(rows.scalars())


def test_the_vendor_hears_of_a_new_order_at_once(session: Session, market: Market) -> None:
    item = make_item(session, market.shop)

    market.order(item, quantity=2)

    (told,) = notes(session, market.vendor.user)
    assert told.startswith("A new order ORD-")
    assert told.endswith(" for ₪20.00 waits for your answer.")
    assert [text.endswith(told) for text in texts(session, market.vendor.user)] == [True]


def test_the_consumer_hears_of_each_step_once_and_the_actor_of_none(session: Session, market: Market) -> None:
    item = make_item(session, market.shop)
    order_id = market.order(item, quantity=2)
    notes(session, market.consumer.user), notes(session, market.vendor.user)

    market.answer(order_id, "accepted")
    market.vendor.post(f"/vendor/orders/{order_id}/modify", {"modifications": [{"item_id": item.id, "quantity": 1}]})
    heard = notes(session, market.consumer.user)

    assert [body.split(" from ")[-1] for body in heard[:1]] == ["Corner Shop is accepted."]
    assert "Corner Shop changed your order" in heard[1]
    assert "it comes to ₪10.00 now" in heard[1]
    assert len(heard) == 2
    assert notes(session, market.vendor.user) == []


def test_a_cancelled_wallet_order_says_that_the_money_is_back(session: Session, market: Market) -> None:
    fill_wallet(session, market.consumer.user, "20.00")
    order_id = market.order(make_item(session, market.shop), quantity=2, mode="wallet")
    notes(session, market.consumer.user)

    market.answer(order_id, "rejected")

    (heard,) = notes(session, market.consumer.user)
    assert heard.endswith("is cancelled, as the shop cannot take it. What was paid is given back.")


def test_the_vendor_is_told_to_stop_when_the_consumer_cancels(session: Session, market: Market) -> None:
    order_id = market.order(make_item(session, market.shop))
    notes(session, market.vendor.user)

    market.consumer.post(f"/consumer/orders/{order_id}/cancel")

    (heard,) = notes(session, market.vendor.user)
    assert heard.endswith("is cancelled. Do not prepare it any further.")
