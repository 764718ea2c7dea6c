"""The order of a vendor's shop that one of its two sides is about to change."""

from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import OrderSide
from app.errors import NotFound
from app.models import Order
from app.services import locks


class OrderNotFound(NotFound):
    """The same answer for an order that does not exist and for somebody else's."""

    code = "ORDER_NOT_FOUND"
    message = "Order not found"


def consumer_order(session: Session, *, order_id: int, caller: Caller) -> Order:
    """The caller's own order from a vendor's shop, locked. A step. Raises OrderNotFound."""
    order = locks.consumer_order(session, order_id=order_id, user_id=caller.user_id)
    if order is None:
        raise OrderNotFound
    return order


def vendor_order(session: Session, *, order_id: int, caller: Caller) -> Order:
    """An order of the caller's own shop, locked. A step. Raises OrderNotFound."""
    order = locks.vendor_order(session, order_id=order_id, owner_id=caller.user_id)
    if order is None:
        raise OrderNotFound
    return order


def any_order(session: Session, *, order_id: int) -> Order:
    """Any decided order from a vendor's shop, for the office, locked. A step. Raises OrderNotFound."""
    order = locks.shop_order(session, order_id=order_id)
    if order is None:
        raise OrderNotFound
    return order


SIDES = {OrderSide.CONSUMER: consumer_order, OrderSide.VENDOR: vendor_order}
"""How each of the two sides finds an order of its own."""
