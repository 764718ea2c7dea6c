"""What customers are told of their orders: once in the shop, once by mail."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.config import PROJECT
from app.domain.enums import FulfillmentType, OrderStatus
from app.models import Notification, Order, OutboxEvent, Payment, SandboxMessage, User
from app.services import events, relay
from tests.factories import make_event, make_location, make_order, make_product, make_user

WINDOW = {"slot_start": datetime(2026, 12, 6, 6, tzinfo=UTC), "slot_end": datetime(2026, 12, 6, 8, tzinfo=UTC)}
IN_WORDS = " Its time: Sunday, 6 December 2026, 08:00 to 10:00."


@pytest.fixture
def user(session: Session) -> User:
    return make_user(session)


def told(session: Session, order: Order, topic: str, **payload: Any) -> str:
    """Relay the event and answer the text of the one mail it sent, which is the notification's as well."""
    event = make_event(session, topic, order_id=order.id, user_id=order.user_id, **payload)

    assert relay.relay_due() == 1

    mail = session.execute(select(SandboxMessage)).scalar_one()
    notification = session.execute(select(Notification)).scalar_one()
    assert (notification.kind, notification.user_id, notification.order_id) == (topic, order.user_id, order.id)
    assert (notification.outbox_id, notification.body) == (event.id, mail.body)
    assert order.order_number in mail.subject
    return str(mail.body)


def test_a_substitute_is_named_with_what_it_replaces_and_until_when_it_can_be_refused(
    session: Session, user: User
) -> None:
    order = make_order(session, user)
    payload = {"order_item_id": 1, "name": "Milk 3%", "substitute": "Milk 1%"}

    text = told(session, order, "order.substitution_proposed", **payload)

    assert f"Milk 3% of your order {order.order_number} is not there. We would give you Milk 1% instead" in text
    assert "You can refuse it in the shop until your order is packed" in text


def test_a_packed_delivery_tells_what_is_charged_as_picked(session: Session, user: User) -> None:
    order = make_order(session, user, status=OrderStatus.READY, **WINDOW)
    picked = {"final_items_total": Decimal("7.50"), "final_total": Decimal("7.50"), "final_tax_total": Decimal("1.14")}
    session.execute(update(Order).values(picked))
    session.commit()

    text = told(session, order, "order.ready")

    assert text == f"Your order {order.order_number} is packed. You are charged ₪7.50.{IN_WORDS}"


def test_a_packed_pickup_tells_where_to_fetch_it(session: Session, user: User) -> None:
    branch = make_location(session, name="Carmel", address="3 Market Street")
    columns = {"status": OrderStatus.READY, "fulfillment_type": FulfillmentType.PICKUP}
    order = make_order(session, user, stock_location_id=branch.id, address=None, **columns)

    assert "You are charged ₪10.00. Fetch it at Carmel, 3 Market Street." in told(session, order, "order.ready")


def test_a_packed_order_that_costs_nothing_is_not_charged(session: Session, user: User) -> None:
    order = make_order(
        session, user, make_product(session, tax_rate=0), status=OrderStatus.READY, discount_total=Decimal("10.00")
    )

    assert "is packed. You are not charged." in told(session, order, "order.ready")


@pytest.mark.parametrize(
    ("fulfillment", "words"),
    [(FulfillmentType.DELIVERY, "has been delivered"), (FulfillmentType.PICKUP, "has been picked up")],
)
def test_a_handed_over_order_says_so(session: Session, user: User, fulfillment: FulfillmentType, words: str) -> None:
    order = make_order(session, user, status=OrderStatus.DELIVERED, fulfillment_type=fulfillment)

    assert words in told(session, order, "order.delivered")


def test_an_order_on_its_way_tells_its_window(session: Session, user: User) -> None:
    order = make_order(session, user, status=OrderStatus.OUT_FOR_DELIVERY, **WINDOW)

    text = told(session, order, "order.out_for_delivery")

    assert text == f"Your order {order.order_number} is on its way to you.{IN_WORDS}"


def test_a_failed_delivery_tells_the_reason(session: Session, user: User) -> None:
    order = make_order(session, user, status=OrderStatus.DELAYED, delayed_from=OrderStatus.OUT_FOR_DELIVERY)

    text = told(session, order, "order.delivery_failed", reason="nobody at home")

    assert f"could not hand over your order {order.order_number} (nobody at home)" in text


def test_a_delayed_order_says_so(session: Session, user: User) -> None:
    order = make_order(session, user, status=OrderStatus.DELAYED)

    assert "will be later than promised" in told(session, order, "order.delayed")


def test_an_order_cancelled_by_the_shop_is_not_charged(session: Session, user: User) -> None:
    order = make_order(session, user, status=OrderStatus.CANCELED, cancel_reason="store")

    text = told(session, order, "order.canceled")

    assert text == f"Your order {order.order_number} is cancelled by the shop. You are not charged."


def test_a_refund_tells_how_much_went_back(session: Session, user: User) -> None:
    order = make_order(session, user, status=OrderStatus.CANCELED, cancel_reason="store")
    session.execute(update(Payment).values(captured_amount=Decimal("10.00"), refunded_amount=Decimal("10.00")))
    session.commit()

    assert "We have paid back ₪10.00" in told(session, order, "order.refunded")


def test_every_message_is_left_once_however_often_it_is_relayed(session: Session, user: User) -> None:
    order = make_order(session, user, status=OrderStatus.READY)
    payload = {"name": "Milk 3%", "substitute": "Milk 1%", "reason": "nobody at home"}
    topics = [topic for topic in events.HANDLERS if topic.startswith("order.") and topic != "order.placed"]
    for topic in topics:
        make_event(session, topic, order_id=order.id, user_id=user.id, **payload)
    relay.relay_due()
    session.execute(update(OutboxEvent).values(done_at=None, next_at=func.now()))
    session.commit()

    relayed = relay.relay_due()

    assert relayed == len(topics) == 9
    for kept in (Notification, SandboxMessage):
        assert session.execute(select(func.count()).select_from(kept)).scalar_one() == len(topics)


NEWS = {"tell", "tell_sides"}
"""Calls that put news into people's feeds (`services.live`): no outbox event, and so nothing to handle."""


def topics_of(tree: ast.AST) -> Iterator[str]:
    """Every word of a module that reads as the topic of an outbox event."""
    if isinstance(tree, ast.Call) and ast.unparse(tree.func).split(".")[-1] in NEWS:
        return
    if isinstance(tree, ast.keyword) and tree.arg == "topic" and isinstance(tree.value, ast.Constant):
        yield str(tree.value.value)
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        yield from re.findall(r"(?:^|')(order\.[a-z_]+)(?:$|')", tree.value)
    for part in ast.iter_child_nodes(tree):
        yield from topics_of(part)


def test_every_topic_that_is_published_has_a_handler() -> None:
    publishing = ("services", "tasks", "cli")
    sources = [path for name in publishing for path in (PROJECT / "app" / name).rglob("*.py")]
    elsewhere = ("services/events", "services/privacy")  # which handle events, and forget them
    sources = [path for path in sources if not any(name in path.as_posix() for name in elsewhere)]

    published = {topic for path in sources for topic in topics_of(ast.parse(path.read_text()))}

    assert len(published) > 10
    assert published - events.HANDLERS.keys() == set()


def test_the_longest_names_fit(session: Session, user: User) -> None:
    order = make_order(session, user)

    text = told(session, order, "order.substitution_proposed", name="m" * 200, substitute="s" * 200)

    assert "s" * 200 in text
