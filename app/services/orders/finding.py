"""The order that somebody of the staff is about to change."""

from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.errors import NotFound
from app.models import Order
from app.services import locks


class StaffOrderNotFound(NotFound):
    """The same answer for an order that does not exist and for one of another branch."""

    message = "There is no such order at your branches."


def staff_order(session: Session, *, order_id: int, caller: Caller) -> Order:
    """A paid order of the caller's branches, locked; others are not waited for long. A step.

    Raises StaffOrderNotFound.
    """
    locks.limit_waits(session)
    order = locks.staff_order(session, order_id=order_id, caller=caller)
    if order is None:
        raise StaffOrderNotFound
    return order
