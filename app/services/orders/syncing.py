"""Looking again at what the payment provider knows of an order."""

from sqlalchemy import func, select, update

from app.domain.enums import OperationState
from app.errors import NotFound
from app.models import Order, Payment, PaymentOperation
from app.services import locks
from app.transaction import transaction

_UNFINISHED = (OperationState.CREATED, OperationState.SENT, OperationState.UNKNOWN)


class UnknownOrder(NotFound):
    message = "There is no such order."


def sync(*, order_id: int) -> None:
    """Make the sweeper look at the order's unfinished payment operations in its next pass. Raises UnknownOrder."""
    payment = select(Payment.id).where(Payment.order_id == order_id)
    with transaction() as session:
        locks.limit_waits(session)
        if session.execute(select(Order.id).where(Order.id == order_id)).one_or_none() is None:
            raise UnknownOrder
        session.execute(
            update(PaymentOperation)
            .where(PaymentOperation.payment_id.in_(payment), PaymentOperation.state.in_(_UNFINISHED))
            .values(next_at=func.now())
            .execution_options(synchronize_session=False)
        )
