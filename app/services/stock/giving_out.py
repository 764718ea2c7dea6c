"""Goods that leave the house with their buyer."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import Order
from app.services import locks

# Every line and substitute that still holds pieces gives them out of the books; the UNIQUE source makes it once.
_SELL = text("""
WITH held AS MATERIALIZED (
    SELECT 'order_item' AS source_type, id, product_id, held_quantity FROM order_items WHERE order_id = :order_id
    UNION ALL
    SELECT 'substitution', id, product_id, held_quantity FROM substitutions WHERE order_id = :order_id
), sold AS (
    INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change,
                                 source_type, source_id, actor_user_id)
    SELECT :stock_location_id, product_id, 'sell', 0, -held_quantity, source_type, id, :actor_user_id
    FROM held WHERE held_quantity > 0
    RETURNING product_id, -reserved_change AS quantity
), stock AS (
    UPDATE inventory SET reserved_quantity = reserved_quantity - gone.quantity, updated_at = now()
    FROM (SELECT product_id, sum(quantity) AS quantity FROM sold GROUP BY product_id) AS gone
    WHERE inventory.stock_location_id = :stock_location_id AND inventory.product_id = gone.product_id
), lines AS (
    UPDATE order_items SET held_quantity = 0 WHERE order_id = :order_id
)
UPDATE substitutions SET held_quantity = 0 WHERE order_id = :order_id AND held_quantity > 0
""")


def give_out(session: Session, order: Order, *, actor_user_id: int) -> None:
    """Take whatever a locked order still holds out of the stock, once. A step."""
    locks.stock_of_order(session, order_id=order.id, stock_location_id=order.stock_location_id)
    values = {"order_id": order.id, "stock_location_id": order.stock_location_id, "actor_user_id": actor_user_id}
    session.execute(_SELL, values)
