"""Messages about orders from vendors' shops: whoever did not do it themselves finds a notification.

What cannot wait until they look is sent to their phone or mail as well.
"""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import aliased

from app.domain.enums import OrderActionType as Did
from app.domain.enums import OrderStatus
from app.models import Order, Shop, StockLocation, User
from app.services.events import shop_order_texts
from app.services.events.event import Event, Handler
from app.services.events.noting import note
from app.services.events.outgoing import Recipient, tell
from app.services.events.shop_order_texts import ShopOrderFacts
from app.transaction import reading

_VENDOR, _CONSUMER = aliased(User), aliased(User)
_ORDER = (
    select(
        Order.id,
        Order.order_number,
        Order.total_amount,
        Order.final_total,
        Order.currency,
        StockLocation.name.label("shop_name"),
        _VENDOR.id.label("vendor_id"),
        _VENDOR.email.label("vendor_email"),
        _VENDOR.phone.label("vendor_phone"),
        _CONSUMER.id.label("consumer_id"),
        _CONSUMER.email.label("consumer_email"),
        _CONSUMER.phone.label("consumer_phone"),
    )
    .join(Shop, Shop.id == Order.stock_location_id)
    .join(StockLocation, StockLocation.id == Shop.id)
    .join(_VENDOR, _VENDOR.id == Shop.owner_id)
    .join(_CONSUMER, _CONSUMER.id == Order.user_id)
    .where(Order.id == bindparam("order_id"))
)

_FOR_VENDOR = frozenset({Did.ORDER_CREATED, Did.MODIFICATION_CONFIRMED, Did.ORDER_CANCELLED, Did.RETURN_REQUESTED})
_FOR_VENDOR |= {Did.ISSUE_RAISED, Did.ORDER_RATED}
_CANNOT_WAIT = frozenset({Did.ORDER_CREATED, Did.VENDOR_MODIFIED, Did.ORDER_CANCELLED, Did.RETURN_REQUESTED})
_TOLD_ELSEWHERE = frozenset({OrderStatus.REJECTED, OrderStatus.CANCELED})
"""The consumer of an order that ends hears of it by `order.canceled`, as in every channel."""


def _acted(event: Event) -> None:
    action, status = Did(event.payload["action"]), OrderStatus(event.payload["status"])
    for_vendor = action in _FOR_VENDOR
    text_of = shop_order_texts.BY_ACTION.get(action)
    if text_of is None or (not for_vendor and status in _TOLD_ELSEWHERE):
        return
    with reading() as connection:
        row = connection.execute(_ORDER, {"order_id": event.payload["order_id"]}).one()
    user_id = row.vendor_id if for_vendor else row.consumer_id
    if user_id == event.payload["actor_user_id"]:
        return
    total = row.total_amount if row.final_total is None else row.final_total
    text = text_of(ShopOrderFacts(row.order_number, row.shop_name, total, row.currency, status))
    note(event, text, user_id=user_id, order_id=row.id)
    if action in _CANNOT_WAIT:
        email, phone = (row.vendor_email, row.vendor_phone) if for_vendor else (row.consumer_email, row.consumer_phone)
        tell(Recipient(email, phone), text, event)


HANDLERS: dict[str, Handler] = {"shop_order.acted": _acted}
