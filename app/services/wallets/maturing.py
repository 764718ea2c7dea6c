"""A vendor's earnings become theirs to draw once goods may no longer come back (checkout-design, section 9).

Until `orders.matures_at` they are pending. What is moved is what the order's journals left in `vendor_pending`, so a
refund that came before has lessened it already.
"""

import logging
from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Integer, bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.domain.enums import AccountKind, JournalReason, OrderStatus, PaymentMethod, ReturnStatus
from app.models import Order, OrderReturn, Payment
from app.services import ledger, locks, passes
from app.services.ledger import Move
from app.services.wallets.earning import pending_of
from app.transaction import reading, transaction

log = logging.getLogger("aisle.wallets")

BATCH = 100

_OPEN_RETURN = (
    select(OrderReturn.id)
    .where(
        OrderReturn.order_id == Order.id,
        OrderReturn.status.in_((ReturnStatus.REQUESTED, ReturnStatus.ACCEPTED)),
    )
    .exists()
)
_CAPTURED = select(Payment.id).where(Payment.order_id == Order.id, Payment.captured_amount > 0).exists()
_RIPE = select(Order.id).where(
    Order.matures_at <= func.now(),
    Order.status != OrderStatus.RETURN_ACCEPTED,
    ~_OPEN_RETURN,
    or_(Order.payment_method == PaymentMethod.WALLET, _CAPTURED),
)
_DUE = _RIPE.order_by(func.random()).limit(bindparam("batch", type_=Integer))
_STILL_RIPE = _RIPE.where(Order.id == bindparam("order_id"))


def mature(session: Session, order: Order) -> Decimal:
    """Let the vendor have what is still pending of a locked order; answers how much that was. A step.

    Whether it may be is the caller's to know: the money is here, and no return is open. A repeat moves nothing.
    """
    left = pending_of(session, order)
    if left > 0:
        ledger.post(
            session,
            reference=f"matured:{order.id}",
            description=f"Order #{order.id} matured",
            reason=JournalReason.MATURED,
            order_id=order.id,
            moves=[
                Move(AccountKind.VENDOR_PENDING, -left, order.stock_location_id),
                Move(AccountKind.VENDOR_AVAILABLE, left, order.stock_location_id),
            ],
        )
    order.matures_at = None
    session.flush()
    return left


def mature_due() -> int:
    """Mature orders that are due, in one pass; answers how many. One that fails is logged and blocks no other.

    An order whose card was not charged yet, or with a return on its way, waits.
    """
    return passes.in_batches(_due, _tried, batch=BATCH)


def _due() -> Sequence[int]:
    with reading() as connection:
        return connection.execute(_DUE, {"batch": BATCH}).scalars().all()


def _tried(order_id: int) -> bool:
    try:
        return _matured(order_id)
    except Exception:
        log.exception("an order could not be matured", extra={"order_id": order_id})
        return False


def _matured(order_id: int) -> bool:
    """Mature one order, unless somebody else holds it or it changed since it was found due.

    Asked again under the lock, by a statement of its own: a return raised meanwhile is only then seen.
    """
    with transaction() as session:
        locks.limit_waits(session)
        order = locks.maturing_order(session, order_id=order_id)
        if order is None or session.execute(_STILL_RIPE, {"order_id": order_id}).one_or_none() is None:
            return False
        mature(session, order)
    return True
