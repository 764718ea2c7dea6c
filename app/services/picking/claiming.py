"""Who picks an order: one person at a time."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import OrderStatus
from app.domain.order_states import PICKABLE
from app.errors import Conflict, Forbidden
from app.models import Order, User
from app.services import audit
from app.services.orders.finding import staff_order
from app.services.orders.states import move
from app.transaction import retried, transaction


class OrderClaimed(Conflict):
    """`details.picker_id` and `details.picker_name` say by whom."""

    code = "ORDER_CLAIMED"
    message = "Somebody else picks this order. Take another one, or ask a manager to take it over."


class NotPickable(Conflict):
    """`details.status` is where the order stands."""

    code = "INVALID_STATUS"
    message = "The order is not being picked: its lines cannot be changed now."


def claim(*, order_id: int, take_over: bool, caller: Caller) -> None:
    """Make the caller the order's picker; a CREATED order is IN_PROGRESS from then on. Harmless to repeat.

    Raises StaffOrderNotFound, NotPickable, OrderClaimed, or Forbidden when somebody bound to a branch takes over.
    """
    if take_over and not caller.is_manager:
        raise Forbidden("Only a manager takes over an order that somebody else picks.")
    retried(lambda: _claim(order_id, take_over, caller))


def _claim(order_id: int, take_over: bool, caller: Caller) -> None:
    with transaction() as session:
        order = pickable(session, order_id=order_id, caller=caller)
        own(session, order, caller, take_over=take_over)
        if order.status is OrderStatus.CREATED:
            move(session, order, OrderStatus.IN_PROGRESS, caller)


def give_back(*, order_id: int, caller: Caller) -> None:
    """Let somebody else pick the order; its marks stay. Raises StaffOrderNotFound, NotPickable, OrderClaimed."""
    with transaction() as session:
        order = pickable(session, order_id=order_id, caller=caller)
        check_unclaimed(session, order, caller)
        if order.picker_id is not None:
            _record(session, order, "UNCLAIM", old=order.picker_id, new=None, caller=caller)
            order.picker_id, order.claimed_at = None, None


def pickable(session: Session, *, order_id: int, caller: Caller) -> Order:
    """A locked order whose lines may be marked. A step. Raises StaffOrderNotFound, NotPickable."""
    order = staff_order(session, order_id=order_id, caller=caller)
    if order.status not in PICKABLE:
        raise NotPickable(details={"status": order.status})
    return order


def own(session: Session, order: Order, caller: Caller, *, take_over: bool = False) -> None:
    """Make sure that the caller is the order's picker. A step on a locked order. Raises OrderClaimed."""
    if order.picker_id == caller.user_id:
        return
    if order.picker_id is not None and not take_over:
        raise _claimed_by(session, order)
    _record(session, order, "CLAIM", old=order.picker_id, new=caller.user_id, caller=caller)
    order.picker_id, order.claimed_at = caller.user_id, datetime.now(UTC)


def check_unclaimed(session: Session, order: Order, caller: Caller) -> None:
    """Somebody else's claim stops everybody but managers. A step on a locked order. Raises OrderClaimed."""
    if order.picker_id not in (None, caller.user_id) and not caller.is_manager:
        raise _claimed_by(session, order)


def _claimed_by(session: Session, order: Order) -> OrderClaimed:
    """The refusal that names the picker."""
    name = session.execute(select(User.full_name).where(User.id == order.picker_id)).scalar_one_or_none()
    return OrderClaimed(details={"picker_id": order.picker_id, "picker_name": name})


def _record(session: Session, order: Order, action: str, *, old: int | None, new: int | None, caller: Caller) -> None:
    audit.record(
        session,
        entity_type="order",
        action=action,
        entity_id=order.id,
        by=caller,
        old={"picker_id": old},
        new={"picker_id": new},
    )
