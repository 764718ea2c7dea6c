"""T2: what a provider's answer does to the payment, the order and the books.

Whoever learns of it (the request, a retry, a webhook, the sweeper) calls `apply`; a second call finds nothing to do.
Outcomes merge by rank and not by arrival: captured, then authorized, then declined or cancelled, then unknown.
"""

import logging
from decimal import Decimal

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.clients.payments import Outcome, Status
from app.domain.caller import Caller
from app.domain.enums import ChannelName, OperationKind, OperationState, OrderStatus
from app.models import Payment, PaymentOperation
from app.models.base import AnyRow
from app.services import audit, ledger, locks
from app.services.checkout import answers, releasing
from app.services.checkout.answers import Decision
from app.services.payments import confirming, settlement
from app.transaction import retried, transaction

log = logging.getLogger("aisle.payments")

Locked = AnyRow

FINAL = frozenset({OperationState.OK, OperationState.FAILED, OperationState.CANCELLED, OperationState.MANUAL})


def apply(operation_id: int, outcome: Outcome, by: Caller | None = None) -> Decision:
    """Apply an answer to one operation, once, and say what the confirm is answered with now.

    `by` is whose request brought the answer; None where the sweeper or a webhook did.
    """
    return retried(lambda: _apply(operation_id, outcome, by))


def apply_claimed(row: AnyRow, outcome: Outcome, by: Caller | None = None) -> Decision:
    """As `apply`, for an authorization as `locks.claim_authorization` has read it.

    What nearly all come to is one statement: the hold is there, and the order waits for it.
    """
    return retried(lambda: _confirmed_alone(row, outcome, by) or _apply(row.operation_id, outcome, by))


def _apply(operation_id: int, outcome: Outcome, by: Caller | None) -> Decision:
    with transaction() as session:
        locks.limit_waits(session)
        row = locks.operation(session, operation_id=operation_id)
        if row is None:
            raise LookupError(f"payment operation {operation_id} is gone")
        return apply_to(session, row, outcome, by)


def apply_to(session: Session, row: Locked, outcome: Outcome, by: Caller | None) -> Decision:
    """Apply an answer to an operation as read by `locks.operation`. A step."""
    match OperationKind(row.kind):
        case OperationKind.AUTHORIZE:
            return _authorization(session, row, outcome, by)
        case OperationKind.CAPTURE:
            _captured(session, row, outcome, by)
        case OperationKind.VOID:
            _voided(session, row, outcome, by)
        case OperationKind.REFUND:
            _refunded(session, row, outcome, by)
    return _standing(row)


def _authorization(session: Session, row: Locked, outcome: Outcome, by: Caller | None) -> Decision:
    if row.state == OperationState.MANUAL:
        return _standing(row)
    match outcome.status:
        case Status.AUTHORIZED | Status.CAPTURED:
            return _authorized(session, row, outcome, by)
        case Status.DECLINED | Status.VOIDED:
            return _refused(session, row, outcome, by)
        case Status.UNKNOWN | Status.NOT_FOUND | Status.REFUNDED:
            return _no_answer(session, row)


def _authorized(session: Session, row: Locked, outcome: Outcome, by: Caller | None) -> Decision:
    if row.state == OperationState.OK:
        return _standing(row)
    if not _same_money(row, outcome):
        _to_manual(session, row, "amount or currency differs from what was asked for")
        return _standing(row)
    if row.order_status == OrderStatus.PENDING_PAYMENT:
        decision = _confirmed(row)
        confirming.confirm(session, row, _facts(row), outcome, decision, by)
        return decision
    # The order is cancelled or being cancelled: keep the money's trace and let go of it.
    _set_operation(session, row, OperationState.OK)
    held = {"authorized_amount": row.amount, "provider_reference": outcome.provider_reference}
    session.execute(update(Payment).where(Payment.id == row.payment_id).values(**held))
    settlement.request_void(session, payment_id=row.payment_id, amount=row.amount)
    _note(session, row, "PAYMENT_CAPTURED_NOT_COMMITTED", by)
    return _standing(row)


def _confirmed_alone(row: Locked, outcome: Outcome, by: Caller | None) -> Decision | None:
    """The decision of a confirm that was one statement; None where more is to be done, or something else."""
    is_held = outcome.status in (Status.AUTHORIZED, Status.CAPTURED) and _same_money(row, outcome)
    if not is_held or row.channel != ChannelName.DELIVERY_OR_PICKUP:
        return None
    decision = _confirmed(row)
    return decision if confirming.confirm_alone(row, _facts(row), outcome, decision, by) else None


def _confirmed(row: Locked) -> Decision:
    return answers.confirmed(
        order_id=row.order_id, order_number=row.order_number, total=row.total_amount, reference=row.reference
    )


def _refused(session: Session, row: Locked, outcome: Outcome, by: Caller | None) -> Decision:
    """Declined, or cancelled at the provider; never overrules an authorization that was already applied."""
    by_us = row.order_status == OrderStatus.CANCELLING
    if row.order_status == OrderStatus.CANCELED or (row.state == OperationState.OK and not by_us):
        return _standing(row)
    if by_us:
        _set_operation(session, row, OperationState.CANCELLED, outcome.failure_code)
        return _abandoned(session, row, by)
    _set_operation(session, row, OperationState.FAILED, outcome.failure_code)
    decision = answers.declined(order_id=row.order_id, failure_code=outcome.failure_code)
    releasing.cancel(session, _facts(row), reason="payment_declined", answer=decision, by=by)
    return decision


def _no_answer(session: Session, row: Locked) -> Decision:
    if row.state in (OperationState.CREATED, OperationState.SENT):
        _set_operation(session, row, OperationState.UNKNOWN)
    return _standing(row)


def _captured(session: Session, row: Locked, outcome: Outcome, by: Caller | None) -> None:
    # Money that was taken after all outranks a refusal, and a person who closed the capture as not done.
    taken_after_all = row.state == OperationState.FAILED and outcome.status is Status.CAPTURED
    if not taken_after_all and _settled_or_unknown(session, row, outcome):
        return
    is_canceled = row.order_status == OrderStatus.CANCELED
    if is_canceled and outcome.status is Status.DECLINED:
        _set_operation(session, row, OperationState.FAILED, outcome.failure_code)
        return
    if outcome.status is not Status.CAPTURED or not _same_money(row, outcome):
        _to_manual(session, row, outcome.failure_code or f"capture answered {outcome.status}")
        return
    _set_operation(session, row, OperationState.OK)
    _add_to_payment(session, row, captured_amount=row.amount)
    ledger.post_capture(session, operation_id=row.operation_id, order_id=row.order_id, amount=row.amount)
    _note(session, row, "CAPTURE", by)
    if is_canceled:
        _give_back(session, row)


def _voided(session: Session, row: Locked, outcome: Outcome, by: Caller | None) -> None:
    if _settled_or_unknown(session, row, outcome):
        return
    if outcome.status in (Status.VOIDED, Status.NOT_FOUND):
        _set_operation(session, row, OperationState.OK)
        _note(session, row, "VOID", by)
        if row.order_status == OrderStatus.CANCELLING:
            _abandoned(session, row, by)
    elif outcome.status is Status.CAPTURED and settlement.has_capture(session, payment_id=row.payment_id):
        # A capture of ours was under way when the order was cancelled: its answer, here already or not, is refunded.
        _set_operation(session, row, OperationState.FAILED, "captured")
        _give_back(session, row)
    else:
        _to_manual(session, row, outcome.failure_code or f"void answered {outcome.status}")


def _give_back(session: Session, row: Locked) -> None:
    """Ask for the refund of whatever was captured of a cancelled order."""
    payment = locks.payment_of(session, order_id=row.order_id)
    if payment is not None:
        settlement.request_return(session, payment)


def _abandoned(session: Session, row: Locked, by: Caller | None) -> Decision:
    """The provider has confirmed that nothing is held: the fenced order may be cancelled."""
    reason = row.cancel_reason or "payment_abandoned"
    decision = answers.declined(order_id=row.order_id, failure_code=reason)
    releasing.cancel(session, _facts(row), reason=reason, answer=decision, by=by)
    return decision


def _refunded(session: Session, row: Locked, outcome: Outcome, by: Caller | None) -> None:
    if _settled_or_unknown(session, row, outcome):
        return
    if outcome.status is not Status.REFUNDED or not _same_money(row, outcome):
        _to_manual(session, row, outcome.failure_code or f"refund answered {outcome.status}")
        return
    _set_operation(session, row, OperationState.OK)
    _add_to_payment(session, row, refunded_amount=row.amount, refund_pending_amount=-row.amount)
    ledger.post_refund(session, operation_id=row.operation_id, order_id=row.order_id, amount=row.amount)
    _note(session, row, "REFUND", by)
    releasing.publish(session, _facts(row), "order.refunded")


def _settled_or_unknown(session: Session, row: Locked, outcome: Outcome) -> bool:
    """Whether there is nothing to decide: the operation is final already, or the provider gave no answer."""
    if row.state in FINAL:
        return True
    if outcome.status is Status.UNKNOWN:
        _set_operation(session, row, OperationState.UNKNOWN)
        return True
    return False


def _facts(row: Locked) -> releasing.OrderFacts:
    return releasing.OrderFacts(
        order_id=row.order_id,
        order_number=row.order_number,
        user_id=row.user_id,
        status=row.order_status,
        stock_location_id=row.stock_location_id,
        channel=ChannelName(row.channel),
    )


def _standing(row: Locked) -> Decision:
    """The answer where nothing changed: whatever the order came to, which need not be what the payment did."""
    return answers.of_order(row) or answers.pending(order_id=row.order_id, order_number=row.order_number)


def _same_money(row: Locked, outcome: Outcome) -> bool:
    amount_agrees = outcome.amount is None or outcome.amount == row.amount
    return bool(amount_agrees and (outcome.currency or row.currency).upper() == row.currency)


def _set_operation(session: Session, row: Locked, state: OperationState, failure_code: str | None = None) -> None:
    changed = {"state": state, "failure_code": failure_code}
    session.execute(update(PaymentOperation).where(PaymentOperation.id == row.operation_id).values(**changed))


def _add_to_payment(session: Session, row: Locked, **added: Decimal) -> None:
    values = {name: getattr(Payment, name) + amount for name, amount in added.items()}
    session.execute(update(Payment).where(Payment.id == row.payment_id).values(**values))


def _note(session: Session, row: Locked, action: str, by: Caller | None) -> None:
    """Tell the audit trail that money moved, or that it is held for an order that will not come."""
    audit.record(
        session,
        entity_type="payment",
        action=action,
        entity_id=row.payment_id,
        by=by,
        old={"state": row.state},
        new={"state": OperationState.OK, "amount": str(row.amount), "currency": row.currency},
        context={"operation_id": row.operation_id, "order_id": row.order_id},
    )


def _to_manual(session: Session, row: Locked, reason: str) -> None:
    """Leave it to a person: an answer that fits nothing we asked for is never applied by itself."""
    log.error("payment operation needs a person", extra={"operation_id": row.operation_id, "reason": reason})
    _set_operation(session, row, OperationState.MANUAL, reason[:64])
    audit.record(
        session,
        entity_type="payment",
        action="NEEDS_ATTENTION",
        entity_id=row.payment_id,
        old={"state": row.state},
        new={"state": OperationState.MANUAL},
        context={"operation_id": row.operation_id, "reason": reason},
    )
