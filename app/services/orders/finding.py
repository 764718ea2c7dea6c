"""The order that somebody of the staff is about to change."""

from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.models import Order
from app.services import locks
from app.services.picking.claiming import StaffOrderNotFound


def staff_order(session: Session, *, order_id: int, caller: Caller) -> Order:
    """A paid order of the caller's branches, locked; others are not waited for long. A step.

    Raises StaffOrderNotFound.
    """
    locks.limit_waits(session)
    order = locks.staff_order(session, order_id=order_id, caller=caller)
    if order is None:
        raise StaffOrderNotFound
    return order
