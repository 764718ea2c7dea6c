"""The line of an order that somebody is about to do something to."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.picking import LIVE
from app.errors import NotFound
from app.models import Order, OrderItem, Substitution
from app.services.picking import claiming


class OrderItemNotFound(NotFound):
    message = "The order has no such line."


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a locked order with its live substitute, in the hands of its picker."""

    session: Session
    order: Order
    item: OrderItem
    substitution: Substitution | None
    picker: Caller


_LINE = (
    select(OrderItem, Substitution)
    .outerjoin(Substitution, (Substitution.order_item_id == OrderItem.id) & Substitution.status.in_(LIVE))
    .execution_options(populate_existing=True)
)


def take(session: Session, *, order_id: int, item_id: int, caller: Caller) -> Line:
    """Lock an order for marking, and claim it for the caller if nobody picks it. A step.

    Raises StaffOrderNotFound, NotPickable, OrderItemNotFound or OrderClaimed.
    """
    order = claiming.pickable(session, order_id=order_id, caller=caller)
    row = session.execute(_LINE.where(OrderItem.order_id == order.id, OrderItem.id == item_id)).one_or_none()
    if row is None:
        raise OrderItemNotFound
    claiming.own(session, order, caller)
    return Line(session, order, row.OrderItem, row.Substitution, caller)
