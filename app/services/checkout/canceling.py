"""POST /orders/{id}/cancel: stock and slot free again, the payment let go of or given back."""

from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import OrderStatus
from app.domain.order_states import CANCELLABLE_BY_OWNER
from app.errors import Conflict, NotFound
from app.models import Order
from app.schemas.checkout import CancelAnswer
from app.services import locks
from app.services.checkout import answers, releasing
from app.services.payments import settlement, sweeper
from app.transaction import retried, transaction


class OrderNotCancellable(Conflict):
    """`details.status` is where the order stands."""

    code = "INVALID_STATUS"
    message = "The order cannot be cancelled any more; ask the shop."


def cancel_order(*, order_id: int, caller: Caller) -> CancelAnswer:
    """Cancel the caller's own order while nobody picks it.

    An order whose payment is undecided is fenced first and cancelled once the provider has confirmed that nothing will
    be charged; until then every call answers CANCELLING. Raises NotFound for a stranger's order, OrderNotCancellable
    also for one that is cancelled already (contract, section 8).
    """
    operation_id = retried(lambda: _decide(order_id, caller))
    if operation_id is not None:
        sweeper.settle(operation_id, caller)
    return _answer(order_id, caller)


def _decide(order_id: int, caller: Caller) -> int | None:
    with transaction() as session:
        locks.limit_waits(session)
        order = locks.own_order(session, order_id=order_id, user_id=caller.user_id)
        if order is None:
            raise NotFound
        if order.status is OrderStatus.CANCELLING:
            return None
        if order.status not in CANCELLABLE_BY_OWNER:
            raise OrderNotCancellable(details={"status": order.status})
        if order.status is OrderStatus.PENDING_PAYMENT:
            return fence_payment(session, order, caller)
        return cancel_confirmed(session, order, reason="user", by=caller)


def fence_payment(session: Session, order: Order, caller: Caller) -> int:
    """Forbid the payment of an undecided order; answers its authorization, which is then cancelled at the provider.

    A step on a locked order.
    """
    sweeper.fence(session, order_id=order.id, reason="user", by=caller)
    payment = locks.payment_of(session, order_id=order.id)
    if payment is None:
        raise RuntimeError(f"order {order.id} awaits a payment it does not have")
    return settlement.authorization_of(session, payment_id=payment.id)


def cancel_confirmed(session: Session, order: Order, *, reason: str, by: Caller, note: str | None = None) -> int | None:
    """Cancel a locked order whose payment stands, and ask for its money to be let go of or given back. A step.

    Answers the payment operation to carry out; None where nothing is held. `note` goes into the audit trail.
    """
    payment = locks.payment_of(session, order_id=order.id)
    operation_id = settlement.request_return(session, payment) if payment else None
    answer = answers.declined(order_id=order.id, failure_code=reason)
    releasing.cancel(session, releasing.facts_of(order), reason=reason, answer=answer, by=by, note=note)
    return operation_id


def _answer(order_id: int, caller: Caller) -> CancelAnswer:
    with transaction() as session:
        order = locks.own_order(session, order_id=order_id, user_id=caller.user_id)
    if order is None:
        raise NotFound
    return CancelAnswer(
        order_id=order.id,
        canceled_at=order.canceled_at.isoformat() if order.canceled_at else None,
        status=order.status,
    )
