"""Writing a new state of an order; whether the move is allowed was decided before."""

from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import OrderStatus
from app.models import Order
from app.services import audit


def move(session: Session, order: Order, to: OrderStatus, caller: Caller) -> None:
    """Write a new state and its audit event. A step."""
    old, order.status = order.status, to
    order.delayed_from = old if to is OrderStatus.DELAYED else None
    audit.record(
        session,
        entity_type="order",
        action="UPDATE_STATUS",
        entity_id=order.id,
        by=caller,
        old={"status": old},
        new={"status": to},
    )
