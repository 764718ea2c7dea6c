"""Messages about orders: a notification in the shop and a mail, both once for each event."""

from collections.abc import Callable

from sqlalchemy import bindparam, func, select

from app.models import Order, Payment, StockLocation, User
from app.models.base import AnyRow
from app.services.events import order_texts
from app.services.events.event import Event, Handler
from app.services.events.noting import note
from app.services.events.order_texts import OrderFacts
from app.services.events.outgoing import COLUMNS, recipient_of, tell
from app.services.messages.text import Text
from app.services.messages.tongue import Tongue, tongue
from app.transaction import reading

_ORDER = (
    select(
        Order.id,
        Order.user_id,
        Order.order_number,
        Order.total_amount,
        Order.final_total,
        Order.fulfillment_type,
        Order.currency,
        Order.cancel_reason,
        Order.slot_start,
        Order.slot_end,
        (func.coalesce(Payment.refunded_amount, 0) + Order.wallet_refunded).label("refunded"),
        func.coalesce(Payment.refund_pending_amount, 0).label("refund_pending"),
        StockLocation.name.label("branch_name"),
        StockLocation.address.label("branch_address"),
        *COLUMNS,
    )
    .join(User, User.id == Order.user_id)
    .join(StockLocation, StockLocation.id == Order.stock_location_id)
    .outerjoin(Payment, Payment.order_id == Order.id)
    .where(Order.id == bindparam("order_id"))
)

_TEXTS: dict[str, Callable[[Tongue, OrderFacts], Text]] = {
    "order.confirmed": order_texts.confirmed,
    "order.substitution_proposed": order_texts.substitution_proposed,
    "order.ready": order_texts.ready,
    "order.out_for_delivery": order_texts.out_for_delivery,
    "order.delivered": order_texts.delivered,
    "order.delivery_failed": order_texts.delivery_failed,
    "order.delayed": order_texts.delayed,
    "order.canceled": order_texts.canceled,
    "order.refunded": order_texts.refunded,
}


def _tell_about_order(event: Event) -> None:
    with reading() as connection:
        order = connection.execute(_ORDER, {"order_id": event.payload["order_id"]}).one()
    text = _TEXTS[event.topic](tongue(order.language), _facts(order, event))
    note(event, text, user_id=order.user_id, order_id=order.id)
    tell(recipient_of(order), text, event)


def _facts(order: AnyRow, event: Event) -> OrderFacts:
    return OrderFacts(
        order_number=order.order_number,
        total=order.total_amount if order.final_total is None else order.final_total,
        refunded=order.refunded,
        given_back=order.refunded + order.refund_pending,
        currency=order.currency,
        reason=order.cancel_reason,
        window=(order.slot_start, order.slot_end) if order.slot_start and order.slot_end else None,
        fulfillment=order.fulfillment_type,
        branch=f"{order.branch_name}, {order.branch_address}",
        told=event.payload,
    )


def _tell_nobody(_event: Event) -> None:
    """A placed order is confirmed or cancelled a moment later, and that is what the customer is told."""


HANDLERS: dict[str, Handler] = {**dict.fromkeys(_TEXTS, _tell_about_order), "order.placed": _tell_nobody}
