"""The payment of a trolley stands: what lies in it is sold and handed over."""

from datetime import UTC, datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.domain.enums import OrderStatus, PickedStatus, SoldBy, TrolleyState
from app.models import Order, OrderItem
from app.services import ledger, locks
from app.services.picking import packing
from app.services.stock import giving_out
from app.services.trolleys import news


def goods_in_hand(session: Session, order: Order) -> int | None:
    """The payment of a trolley stands: its order is picked, captured and handed over at once. A step on a locked order.

    Answers the capture, which the sweeper carries out.
    """
    session.execute(
        update(OrderItem)
        .where(OrderItem.order_id == order.id)
        .values(picked_status=PickedStatus.PICKED, picked_quantity=OrderItem.quantity)
    )
    session.execute(
        update(OrderItem)
        .where(OrderItem.order_id == order.id, OrderItem.sold_by == SoldBy.WEIGHT)
        .values(picked_weight_grams=OrderItem.estimated_weight_grams * OrderItem.quantity)
    )
    operation_id = packing.pack(session, order, without_missing=False)
    giving_out.give_out(session, order, actor_user_id=order.user_id)
    order.status, order.delivered_at = OrderStatus.DELIVERED, datetime.now(UTC)
    session.flush()
    ledger.post_delivery(session, order)
    opened = locks.session_of_sold_cart(session, cart_id=order.cart_id)
    if opened is not None:
        opened.state, opened.order_id = TrolleyState.PAID, order.id
        opened.version += 1
        session.flush()
        news.changed(session, opened)
    return operation_id
