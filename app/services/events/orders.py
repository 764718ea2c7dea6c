"""Messages about orders: a notification in the shop and a mail, both once for each event."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from app.config import settings
from app.models import Notification, Order, Payment, User
from app.models.base import AnyRow
from app.services.events import texts
from app.services.events.event import Event, Handler
from app.services.events.outgoing import Recipient, tell
from app.services.events.texts import OrderFacts, Text
from app.transaction import reading, transaction

_ORDER = (
    select(
        Order.id,
        Order.user_id,
        Order.order_number,
        Order.total_amount,
        Order.currency,
        Order.cancel_reason,
        Order.slot_start,
        Order.slot_end,
        func.coalesce(Payment.refunded_amount, 0).label("refunded"),
        func.coalesce(Payment.refund_pending_amount, 0).label("refund_pending"),
        User.email,
        User.phone,
    )
    .join(User, User.id == Order.user_id)
    .outerjoin(Payment, Payment.order_id == Order.id)
    .where(Order.id == bindparam("order_id"))
)

_TEXTS: dict[str, Callable[[OrderFacts], Text]] = {
    "order.confirmed": texts.order_confirmed,
    "order.canceled": texts.order_canceled,
    "order.refunded": texts.order_refunded,
}


def _tell_about_order(event: Event) -> None:
    with reading() as connection:
        order = connection.execute(_ORDER, {"order_id": event.payload["order_id"]}).one()
    text = _TEXTS[event.topic](_facts(order))
    _notify(event, order, text)
    tell(Recipient(order.email, order.phone), text, event)


def _notify(event: Event, order: AnyRow, text: Text) -> None:
    """Insert the notification; the UNIQUE outbox_id makes a second try harmless."""
    row = {
        "user_id": order.user_id,
        "outbox_id": event.id,
        "kind": event.topic,
        "title": text.subject,
        "body": text.body,
        "order_id": order.id,
    }
    with transaction() as session:
        session.execute(insert(Notification).values(row).on_conflict_do_nothing(index_elements=["outbox_id"]))


def _facts(order: AnyRow) -> OrderFacts:
    return OrderFacts(
        order_number=order.order_number,
        total=order.total_amount,
        refunded=order.refunded,
        given_back=order.refunded + order.refund_pending,
        currency=order.currency,
        reason=order.cancel_reason,
        window=_window(order.slot_start, order.slot_end),
    )


def _window(start: datetime | None, end: datetime | None) -> str:
    """When the order is due, in the shop's time zone, as a sentence to append."""
    if start is None or end is None:
        return ""
    zone = settings().zone
    return f" Its time: {start.astimezone(zone):%A %d %B, %H:%M} to {end.astimezone(zone):%H:%M}."


def _tell_nobody(_event: Event) -> None:
    """A placed order is confirmed or cancelled a moment later, and that is what the customer is told."""


HANDLERS: dict[str, Handler] = {**dict.fromkeys(_TEXTS, _tell_about_order), "order.placed": _tell_nobody}
