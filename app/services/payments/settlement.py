"""Asking for captures, voids and refunds: each is a payment operation, committed before it is sent."""

import uuid
from decimal import Decimal

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.enums import OperationKind, OperationState
from app.errors import Conflict
from app.models import Payment, PaymentOperation


class AmountNotAvailable(Conflict):
    """`details.available` is what is left."""

    code = "AMOUNT_NOT_AVAILABLE"
    message = "The amount is more than what was authorized, or than what was captured and not yet refunded."


def request_capture(session: Session, payment: Payment, *, amount: Decimal) -> int:
    """Take up to the authorized amount, once. A step on a locked payment; answers the operation to carry out.

    Raises AmountNotAvailable above the authorization, or when a capture was asked for before.
    """
    _check(amount, payment.authorized_amount)
    operation_id = _insert(session, payment_id=payment.id, kind=OperationKind.CAPTURE, amount=amount)
    if operation_id is None:
        raise AmountNotAvailable(details={"available": 0})
    return operation_id


def request_void(session: Session, *, payment_id: int, amount: Decimal) -> int | None:
    """Let go of a hold, once. A step on a locked payment; None when that was asked for before."""
    return _insert(session, payment_id=payment_id, kind=OperationKind.VOID, amount=amount)


def request_refund(session: Session, payment: Payment, *, amount: Decimal) -> int:
    """Give back part or all of what was captured. A step on a locked payment; answers the operation to carry out.

    Raises AmountNotAvailable above what was captured and is neither refunded nor being refunded.
    """
    _check(amount, payment.captured_amount - payment.refunded_amount - payment.refund_pending_amount)
    pending = Payment.refund_pending_amount + amount
    session.execute(update(Payment).where(Payment.id == payment.id).values(refund_pending_amount=pending))
    earlier = (PaymentOperation.payment_id == payment.id) & (PaymentOperation.kind == OperationKind.REFUND)
    seq = session.execute(select(func.count()).where(earlier)).scalar_one() + 1
    operation_id = _insert(session, payment_id=payment.id, kind=OperationKind.REFUND, amount=amount, seq=seq)
    if operation_id is None:
        raise RuntimeError("two refunds with one number: the payment was not locked")
    return operation_id


_HURRY = text("""
    UPDATE payment_operations AS operations SET next_at = now() FROM payments
    WHERE payments.reference = :reference AND operations.payment_id = payments.id AND operations.kind = 'refund'
      AND operations.state IN ('created', 'sent', 'unknown')
    RETURNING operations.id
""")


def hurry_refunds(session: Session, *, reference: str) -> bool:
    """Let the next sweep ask for a payment's open refunds, each by its own key; False when none is open. A step."""
    return bool(session.execute(_HURRY, {"reference": reference}).all())


def _check(amount: Decimal, available: Decimal) -> None:
    if not 0 < amount <= available:
        raise AmountNotAvailable(details={"available": float(available)})


def _insert(session: Session, *, payment_id: int, kind: OperationKind, amount: Decimal, seq: int = 1) -> int | None:
    statement = insert(PaymentOperation).values(
        payment_id=payment_id,
        kind=kind,
        seq=seq,
        idempotency_key=uuid.uuid4(),
        amount=amount,
        state=OperationState.CREATED,
        next_at=func.now(),
    )
    return session.execute(statement.on_conflict_do_nothing().returning(PaymentOperation.id)).scalar_one_or_none()


def request_return(session: Session, payment: Payment) -> int | None:
    """Let go of a hold, or give back what was captured of it. A step on a locked payment.

    Answers the operation to carry out; None when nothing is held.
    """
    left = payment.captured_amount - payment.refunded_amount - payment.refund_pending_amount
    if left > 0:
        return request_refund(session, payment, amount=left)
    if payment.authorized_amount > 0 and payment.captured_amount == 0:
        return request_void(session, payment_id=payment.id, amount=payment.authorized_amount)
    return None


def has_capture(session: Session, *, payment_id: int) -> bool:
    """Whether we ever asked for a capture, answered or not. A step."""
    asked = (PaymentOperation.payment_id == payment_id) & (PaymentOperation.kind == OperationKind.CAPTURE)
    return session.execute(select(PaymentOperation.id).where(asked)).first() is not None


def authorization_of(session: Session, *, payment_id: int) -> int:
    """The id of a payment's authorization. A step."""
    statement = select(PaymentOperation.id).where(
        PaymentOperation.payment_id == payment_id, PaymentOperation.kind == OperationKind.AUTHORIZE
    )
    return session.execute(statement).scalar_one()
