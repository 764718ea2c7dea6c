"""Cancelling by the shop: the goods go back on the shelf and the money back to the customer."""

from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.order_states import CANCELLABLE_BY_SHOP
from app.errors import Conflict
from app.models import Order
from app.services import locks
from app.services.checkout import answers, releasing
from app.services.orders.finding import staff_order
from app.services.payments import sending, settlement
from app.transaction import retried, transaction


class NotCancellableByShop(Conflict):
    """`details.status` is where the order stands."""

    code = "INVALID_STATUS"
    message = "The order cannot be cancelled any more: it is on its way, handed over or cancelled."


def cancel_order(*, order_id: int, reason: str, caller: Caller) -> None:
    """Cancel an order before it is on its way; a hold is let go of, a captured payment refunded.

    Raises StaffOrderNotFound or NotCancellableByShop.
    """
    operation_id = retried(lambda: _cancel(order_id, reason, caller))
    if operation_id is not None:
        sending.carry_out(operation_id, caller)


def _cancel(order_id: int, reason: str, caller: Caller) -> int | None:
    with transaction() as session:
        order = staff_order(session, order_id=order_id, caller=caller)
        if order.status not in CANCELLABLE_BY_SHOP:
            raise NotCancellableByShop(details={"status": order.status})
        return cancel(session, order, note=reason, caller=caller)


def cancel(session: Session, order: Order, *, note: str | None, caller: Caller) -> int | None:
    """Cancel a locked order in the shop's name. A step; answers the payment operation to carry out."""
    payment = locks.payment_of(session, order_id=order.id)
    operation_id = settlement.request_return(session, payment) if payment else None
    answer = answers.declined(order_id=order.id, failure_code="store")
    releasing.cancel(session, releasing.facts_of(order), reason="store", answer=answer, by=caller, note=note)
    return operation_id
