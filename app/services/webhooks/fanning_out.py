"""Putting an event up for every endpoint that listens to it, in the transaction in which the relay is done with it."""

from typing import Any

from sqlalchemy import ARRAY, BigInteger, String, Table, bindparam, case, exists, func, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from app.domain.enums import ChannelName
from app.domain.webhooks import PAYOUT_CHANGED, heard_by, topic_of
from app.models import Order, OutboxEvent, Payment, Payout, WebhookDelivery, WebhookEndpoint
from app.models.base import AnyRow
from app.schemas.webhook_events import DATA
from app.services.events.event import Event
from app.services.webhooks.messages import message_of

_PATTERNS = bindparam("patterns", type_=ARRAY(String(64)))
_LISTENING = (WebhookEndpoint.is_active, WebhookEndpoint.topics.bool_op("&&")(_PATTERNS))
_HAPPENED = OutboxEvent.created_at.label("happened_at")
_HEARD = (OutboxEvent.id == bindparam("event_id", type_=BigInteger), exists().where(*_LISTENING))

_OF_SHOP = Order.channel == ChannelName.MARKETPLACE
_ORDER = (
    select(
        _HAPPENED,
        Order.id.label("order_id"),
        Order.order_number,
        Order.user_id.label("customer_id"),
        Order.channel,
        case((~_OF_SHOP, Order.stock_location_id)).label("branch_id"),
        case((_OF_SHOP, Order.stock_location_id)).label("shop_id"),
        Order.status,
        Order.fulfillment_type,
        Order.payment_method,
        Order.currency,
        Order.items_total,
        Order.deposit_total,
        Order.delivery_fee,
        Order.discount_total,
        Order.tax_total,
        Order.total_amount,
        Order.final_total,
        (func.coalesce(Payment.refunded_amount, 0) + Order.wallet_refunded).label("refunded"),
        Order.cancel_reason,
        Order.slot_start,
        Order.slot_end,
        Order.created_at.label("placed_at"),
    )
    .select_from(OutboxEvent)
    .join(Order, Order.id == bindparam("order_id", type_=BigInteger))
    .outerjoin(Payment, Payment.order_id == Order.id)
    .where(*_HEARD)
)

_PAYOUT = (
    select(_HAPPENED, Payout.id.label("payout_id"), Payout.shop_id, Payout.amount, Payout.currency)
    .select_from(OutboxEvent)
    .join(Payout, Payout.id == bindparam("payout_id", type_=BigInteger))
    .where(*_HEARD)
)

_DELIVERIES: Table = WebhookDelivery.__table__  # type: ignore[assignment]
_INSERT = (
    insert(_DELIVERIES)
    .from_select(
        ["endpoint_id", "event_id", "topic", "payload"],
        select(
            WebhookEndpoint.id,
            bindparam("event_id", type_=BigInteger),
            bindparam("topic", type_=String),
            bindparam("payload", type_=JSONB),
        ).where(*_LISTENING),
    )
    .on_conflict_do_nothing(
        index_elements=[_DELIVERIES.c.endpoint_id, _DELIVERIES.c.event_id],
        index_where=_DELIVERIES.c.replay_of.is_(None),
    )
)


def fan_out(session: Session, event: Event) -> None:
    """Insert a delivery for each active endpoint that listens to the event; a second time inserts nothing. A step.

    One statement where nobody listens, two where somebody does; none for an event that is no integrator's business.
    """
    topic = topic_of(event.topic, event.payload)
    if topic is None:
        return
    asked = {"event_id": event.id, "patterns": heard_by(topic)}
    row = _read(session, event, asked)
    if row is not None:
        facts = dict(row._mapping)
        happened_at = facts.pop("happened_at")
        data = DATA[topic].model_validate(facts | _as_told(event))
        message = message_of(event.id, topic, happened_at, data)
        session.execute(_INSERT, asked | {"topic": topic, "payload": message})


def _read(session: Session, event: Event, asked: dict[str, Any]) -> AnyRow | None:
    """What the event is about as it is now; None when nobody listens."""
    about = "payout_id" if event.topic == PAYOUT_CHANGED else "order_id"
    statement = _PAYOUT if about == "payout_id" else _ORDER
    return session.execute(statement, asked | {about: event.payload[about]}).one_or_none()


def _as_told(event: Event) -> dict[str, Any]:
    """The state the event itself tells of, where it does: the row may have moved on since."""
    return {"status": event.payload["status"]} if "status" in event.payload else {}
