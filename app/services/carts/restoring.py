"""Giving a customer the basket back when its payment was declined."""

from sqlalchemy import text

from app.domain.enums import ChannelName
from app.services import locks
from app.transaction import transaction

# Prices are those of the order: the cart shows what was seen then and marks what changed since.
_RESTORE = text("""
INSERT INTO cart_items (cart_id, product_id, quantity, unit_price)
SELECT :cart_id, product_id, quantity, unit_price FROM order_items
WHERE order_id = :order_id AND NOT EXISTS (SELECT 1 FROM cart_items WHERE cart_id = :cart_id)
ON CONFLICT DO NOTHING
""")


def restore(*, order_id: int, user_id: int, channel: ChannelName) -> None:
    """Put an order's lines into the user's active cart of its channel, unless a new basket was begun meanwhile."""
    with transaction() as session:
        cart_id = locks.active_cart(session, user_id=user_id, channel=channel)
        session.execute(_RESTORE, {"cart_id": cart_id, "order_id": order_id})
