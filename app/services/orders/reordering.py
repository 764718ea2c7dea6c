"""Buying an old order again."""

from sqlalchemy import bindparam, select

from app.domain.caller import Caller
from app.models import Order, OrderItem
from app.schemas.orders import Reordered
from app.services.carts.pouring import pour
from app.services.carts.reading import locked_cart
from app.services.carts.shoppers import Shopper, lock_cart
from app.services.orders.ours import OURS
from app.services.orders.reading import OrderNotFound
from app.transaction import transaction

_LINES = (
    select(OrderItem.product_id, OrderItem.quantity)
    .join(Order, Order.id == OrderItem.order_id)
    .where(Order.id == bindparam("order_id"), Order.user_id == bindparam("user_id"), OURS)
)


def reorder(*, order_id: int, caller: Caller) -> Reordered:
    """Add what is still sold of one of the caller's orders to the cart, at today's prices, and say what is not.

    Raises OrderNotFound.
    """
    with transaction() as session:
        rows = session.execute(_LINES, {"order_id": order_id, "user_id": caller.user_id}).all()
        if not rows:
            raise OrderNotFound
        who = Shopper(caller.user_id, None, caller.origin.request_id)
        cart_id = lock_cart(session, who)
        left_out = pour(session, who, cart_id, {row.product_id: row.quantity for row in rows})
        return Reordered(cart=locked_cart(session, cart_id), left_out=left_out)
