"""Messages about orders from vendors' shops: whoever did not do it themselves finds a notification.

What cannot wait until they look is sent to their phone or mail as well.
"""

from sqlalchemy import Boolean, bindparam, case, select

from app.domain.enums import OrderActionType as Did
from app.domain.enums import OrderStatus
from app.models import Order, Shop, StockLocation, User
from app.services.events import shop_order_texts
from app.services.events.event import Event, Handler
from app.services.events.noting import note
from app.services.events.outgoing import COLUMNS, recipient_of, tell
from app.services.events.shop_order_texts import ShopOrderFacts
from app.services.messages.tongue import tongue
from app.transaction import reading

_ORDER = (
    select(
        Order.id,
        Order.order_number,
        Order.total_amount,
        Order.final_total,
        Order.currency,
        StockLocation.name.label("shop_name"),
        *COLUMNS,
    )
    .join(Shop, Shop.id == Order.stock_location_id)
    .join(StockLocation, StockLocation.id == Shop.id)
    .join(User, User.id == case((bindparam("for_vendor", type_=Boolean), Shop.owner_id), else_=Order.user_id))
    .where(Order.id == bindparam("order_id"))
)
"""The order with the person to tell: its vendor or its consumer."""

_FOR_VENDOR = frozenset({Did.ORDER_CREATED, Did.MODIFICATION_CONFIRMED, Did.ORDER_CANCELLED, Did.RETURN_REQUESTED})
_FOR_VENDOR |= {Did.ISSUE_RAISED, Did.ORDER_RATED}
_CANNOT_WAIT = frozenset({Did.ORDER_CREATED, Did.VENDOR_MODIFIED, Did.ORDER_CANCELLED, Did.RETURN_REQUESTED})
_TOLD_ELSEWHERE = frozenset({OrderStatus.REJECTED, OrderStatus.CANCELED})
"""The consumer of an order that ends hears of it by `order.canceled`, as in every channel."""


def _acted(event: Event) -> None:
    action, status = Did(event.payload["action"]), OrderStatus(event.payload["status"])
    for_vendor = action in _FOR_VENDOR
    if not shop_order_texts.is_told(action, status) or (not for_vendor and status in _TOLD_ELSEWHERE):
        return
    with reading() as connection:
        row = connection.execute(_ORDER, {"order_id": event.payload["order_id"], "for_vendor": for_vendor}).one()
    if row.recipient_id == event.payload["actor_user_id"]:
        return
    total = row.total_amount if row.final_total is None else row.final_total
    facts = ShopOrderFacts(row.order_number, row.shop_name, total, row.currency, status)
    text = shop_order_texts.acted(tongue(row.language), action, facts)
    note(event, text, user_id=row.recipient_id, order_id=row.id)
    if action in _CANNOT_WAIT:
        tell(recipient_of(row), text, event)


HANDLERS: dict[str, Handler] = {"shop_order.acted": _acted}
