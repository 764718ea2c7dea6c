"""The vendor accepts or rejects returns that a consumer asked for."""

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import OrderActionType, ReturnStatus
from app.domain.shop_order_states import Move, after
from app.models import Order, OrderReturn
from app.schemas.shop_order_moves import DecideReturnRequest
from app.services import locks
from app.services.shop_orders import log
from app.services.shop_orders.finding import vendor_order
from app.services.shop_orders.refusals import refused
from app.transaction import transaction

NONE_PENDING = "No pending return requests"


def accept(form: DecideReturnRequest, caller: Caller, *, order_id: int) -> Sequence[int]:
    """Accept pending returns of an order of the caller's shop; answers their ids. Raises OrderNotFound, InvalidMove."""
    with transaction() as session:
        locks.limit_waits(session)
        order = vendor_order(session, order_id=order_id, caller=caller)
        to = after(Move.ACCEPT_RETURN, order.status)
        decided = _decide(session, order, form, ReturnStatus.ACCEPTED) if to else []
        if to is None or not decided:
            raise refused(order, NONE_PENDING)
        order.status = to
        log.note(session, order, OrderActionType.RETURN_ACCEPTED, by=caller, new={"return_ids": list(decided)})
        return decided


def reject(form: DecideReturnRequest, caller: Caller, *, order_id: int) -> Sequence[int]:
    """Reject pending returns; the order stays where it is. Raises OrderNotFound or InvalidMove."""
    with transaction() as session:
        locks.limit_waits(session)
        order = vendor_order(session, order_id=order_id, caller=caller)
        decided = _decide(session, order, form, ReturnStatus.REJECTED)
        if not decided:
            raise refused(order, NONE_PENDING)
        log.note(session, order, OrderActionType.RETURN_REJECTED, by=caller, new={"return_ids": list(decided)})
        return decided


def _decide(session: Session, order: Order, form: DecideReturnRequest, status: ReturnStatus) -> Sequence[int]:
    """Decide the pending returns that are meant. A step on a locked order; answers their ids."""
    pending = select(OrderReturn.id).where(
        OrderReturn.order_id == order.id, OrderReturn.status == ReturnStatus.REQUESTED
    )
    if form.return_id is not None:
        pending = pending.where(OrderReturn.id == form.return_id)
    ids = session.execute(pending.order_by(OrderReturn.id)).scalars().all()
    decided = {"status": status, "decision_note": form.note, "decided_at": func.now()}
    session.execute(update(OrderReturn).where(OrderReturn.id.in_(ids)).values(**decided))
    return ids
