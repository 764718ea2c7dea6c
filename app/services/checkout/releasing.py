"""Cancelling an order: its stock and its delivery slot become free again, once, in the transaction that cancels it."""

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import String, bindparam, text
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import ChannelName, OrderStatus
from app.models import Order
from app.services import audit, locks, outbox
from app.services.carts import restoring
from app.services.checkout.answers import Decision
from app.services.trolleys.restoring import back_in_the_trolley
from app.transaction import after_commit

# The movement comes first: its UNIQUE source makes a second release insert nothing, and so free nothing. The coupon
# reads the slot's result, and its use the coupon's, as PostgreSQL keeps no other order of locks inside a statement.
_RELEASE = text("""
WITH held AS MATERIALIZED (
    SELECT 'order_item' AS source_type, id, product_id, held_quantity FROM order_items WHERE order_id = :order_id
    UNION ALL
    SELECT 'substitution', id, product_id, held_quantity FROM substitutions WHERE order_id = :order_id
), released AS (
    INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change,
                                 source_type, source_id, actor_user_id)
    SELECT :stock_location_id, product_id, 'release', held_quantity, -held_quantity, source_type, id, :actor_user_id
    FROM held WHERE held_quantity > 0
    ON CONFLICT DO NOTHING
    RETURNING product_id, available_change AS quantity
), stock AS (
    UPDATE inventory
    SET available_quantity = available_quantity + freed.quantity,
        reserved_quantity = reserved_quantity - freed.quantity, updated_at = now()
    FROM (SELECT product_id, sum(quantity) AS quantity FROM released GROUP BY product_id) AS freed
    WHERE inventory.stock_location_id = :stock_location_id AND inventory.product_id = freed.product_id
), lines AS (
    UPDATE order_items SET held_quantity = 0 WHERE order_id = :order_id
), replacements AS (
    UPDATE substitutions SET held_quantity = 0 WHERE order_id = :order_id AND held_quantity > 0
), booking AS (
    UPDATE slot_bookings SET released_at = now() WHERE order_id = :order_id AND released_at IS NULL
    RETURNING occurrence_id
), slot AS (
    UPDATE slot_occurrences SET booked = booked - 1 FROM booking WHERE slot_occurrences.id = booking.occurrence_id
    RETURNING id
), discount AS (
    UPDATE order_discounts SET released_at = now() WHERE order_id = :order_id AND released_at IS NULL
    RETURNING coupon_id
), coupon AS (
    UPDATE coupons SET used_count = used_count - 1 FROM discount
    WHERE coupons.id = discount.coupon_id AND (SELECT count(*) FROM slot) >= 0
    RETURNING coupons.id
), coupon_use AS (
    UPDATE coupon_uses SET used_count = used_count - 1 FROM coupon
    WHERE coupon_uses.coupon_id = coupon.id AND coupon_uses.user_id = :user_id
), answered AS (
    UPDATE idempotency_keys SET state = 'done', status = :answer_status, body = CAST(:answer_body AS jsonb)
    WHERE order_id = :order_id AND state = 'placed'
)
UPDATE orders
SET status = :status, canceled_at = CASE WHEN :status = 'CANCELED' THEN now() END, cancel_reason = :reason,
    delayed_from = NULL, updated_at = now()
WHERE id = :order_id
""").bindparams(bindparam("status", type_=String))


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What has to be known of an order to cancel it or to tell of it."""

    order_id: int
    order_number: str
    user_id: int
    status: str
    stock_location_id: int
    channel: ChannelName


def facts_of(order: Order) -> OrderFacts:
    """The facts of an order that is at hand as a row."""
    return OrderFacts(
        order_id=order.id,
        order_number=order.order_number,
        user_id=order.user_id,
        status=order.status,
        stock_location_id=order.stock_location_id,
        channel=order.channel,
    )


def cancel(
    session: Session,
    order: OrderFacts,
    *,
    reason: str,
    answer: Decision,
    by: Caller | None = None,
    note: str | None = None,
    status: OrderStatus = OrderStatus.CANCELED,
) -> None:
    """Cancel a locked order, free its stock and slot, and answer its open keys. A step.

    After the commit a declined payment puts the lines back into the customer's cart, and any cancelling those of a
    trolley back into it. `note` goes into the audit trail.
    `status` is CANCELED, or REJECTED by a vendor.
    """
    locks.stock_of_order(session, order_id=order.order_id, stock_location_id=order.stock_location_id)
    values = {
        "order_id": order.order_id,
        "stock_location_id": order.stock_location_id,
        "user_id": order.user_id,
        "actor_user_id": by.user_id if by else None,
        "reason": reason,
        "status": status.value,
        "answer_status": answer.status,
        "answer_body": orjson.dumps(answer.body).decode(),
    }
    session.execute(_RELEASE, values)
    audit.record(
        session,
        entity_type="order",
        action="CANCEL",
        entity_id=order.order_id,
        by=by,
        old={"status": order.status},
        new={"status": status, "reason": reason} | ({"note": note} if note else {}),
    )
    publish(session, order, "order.canceled")
    if reason == "payment_declined" or order.channel is ChannelName.IN_STORE:
        after_commit(session, lambda: _restore(order))


def _restore(order: OrderFacts) -> None:
    if order.channel is ChannelName.IN_STORE:
        back_in_the_trolley(order_id=order.order_id, user_id=order.user_id)
        return
    restoring.restore(order_id=order.order_id, user_id=order.user_id, channel=order.channel)


def publish(session: Session, order: OrderFacts, topic: str, **more: Any) -> None:
    """Tell the outside about an order, with whatever more the event carries. A step."""
    outbox.publish(session, topic=topic, aggregate=f"order:{order.order_id}", payload=event_of(order) | more)


def event_of(order: OrderFacts) -> dict[str, Any]:
    """What every order event carries; handlers read the rest."""
    return {"order_id": order.order_id, "user_id": order.user_id, "order_number": order.order_number}
