"""The payment desk: what a person does about payment operations that find no end by themselves."""

from typing import Any

from sqlalchemy import bindparam, func, update
from sqlalchemy.orm import Session

from app.clients.payments import Outcome, Status
from app.domain.caller import Caller
from app.domain.enums import OperationKind, OperationState, Role
from app.domain.order_states import UNDECIDED
from app.errors import Conflict, Forbidden, NotFound
from app.models import PaymentOperation
from app.models.base import AnyRow
from app.schemas.payment_desk import CloseOperation, DeskOperation, RetryOperation, SettledByHand
from app.services import audit, locks
from app.services.payments import desk_reading, outcomes, sweeper
from app.transaction import retried, transaction

CLOSED_BY_HAND = "closed_by_hand"


class OperationNotFound(NotFound):
    code = "PAYMENT_OPERATION_NOT_FOUND"
    message = "There is no such payment operation."


class NotRetryable(Conflict):
    """`details.state` and `details.kind` are those of the operation."""

    code = "PAYMENT_OPERATION_NOT_RETRYABLE"
    message = "Only what waits for a person, or a capture, void or refund that failed, can be tried again."


class NotClosable(Conflict):
    """`details.state` and `details.kind` are those of the operation."""

    code = "PAYMENT_OPERATION_NOT_CLOSABLE"
    message = (
        "This cannot be closed so: only what waits for a person can, an authorization as not_done, a void or refund as"
        " done, a capture as either. Otherwise try it again."
    )


def retry(form: RetryOperation, caller: Caller, *, operation_id: int) -> DeskOperation:
    """Let the sweeper ask the provider again, at once and for another three days, under the operation's own key.

    Raises OperationNotFound or NotRetryable.
    """
    with transaction() as session:
        row = _locked(session, operation_id)
        is_failed_move = row.state == OperationState.FAILED and row.kind != OperationKind.AUTHORIZE
        if row.state != OperationState.MANUAL and not is_failed_move:
            raise NotRetryable(details={"state": row.state, "kind": row.kind})
        _reopen(session, row)
        _audit(session, row, "RETRY", caller, new={"state": OperationState.UNKNOWN}, note=form.note)
    return desk_reading.operation(operation_id)


def close(form: CloseOperation, caller: Caller, *, operation_id: int) -> DeskOperation:
    """Settle an operation by what a person saw and did at the provider; what follows from it is done and booked.

    An authorization is never believed to be void: its order is fenced and cancelled at the provider as the sweeper
    does, so that no stock is released while money may be held. Raises Forbidden unless ADMIN, OperationNotFound or
    NotClosable.
    """
    if caller.role is not Role.ADMIN:
        raise Forbidden
    must_settle = retried(lambda: _close(form, caller, operation_id))
    if must_settle:
        sweeper.settle(operation_id, caller)
    return desk_reading.operation(operation_id)


def _close(form: CloseOperation, caller: Caller, operation_id: int) -> bool:
    """Answers whether the provider still has to be asked."""
    with transaction() as session:
        row = _locked(session, operation_id)
        if row.state != OperationState.MANUAL or not _is_closable(row, form.outcome):
            raise NotClosable(details={"state": row.state, "kind": row.kind})
        _audit(session, row, "CLOSE", caller, new={"outcome": form.outcome}, note=form.note)
        if row.kind == OperationKind.AUTHORIZE:
            _reopen(session, row)
            sweeper.fence(session, order_id=row.order_id, reason="payment_abandoned", by=caller)
            return True
        if form.outcome is SettledByHand.NOT_DONE:
            _change(session, row, state=OperationState.FAILED, failure_code=CLOSED_BY_HAND)
        else:
            _book(session, row, caller)
    return False


def _is_closable(row: AnyRow, outcome: SettledByHand) -> bool:
    match OperationKind(row.kind):
        case OperationKind.AUTHORIZE:
            return outcome is SettledByHand.NOT_DONE and row.order_status in UNDECIDED
        case OperationKind.CAPTURE:
            return True
        case OperationKind.VOID | OperationKind.REFUND:
            return outcome is SettledByHand.DONE


_DONE = {
    OperationKind.CAPTURE: Status.CAPTURED,
    OperationKind.VOID: Status.VOIDED,
    OperationKind.REFUND: Status.REFUNDED,
}


def _book(session: Session, row: AnyRow, caller: Caller) -> None:
    """Apply what a person saw as if the provider had answered it; a final operation would not be touched."""
    _reopen(session, row)
    reopened = _locked(session, row.operation_id)
    outcomes.apply_to(session, reopened, Outcome(_DONE[OperationKind(row.kind)], row.amount, row.currency), caller)


def _locked(session: Session, operation_id: int) -> AnyRow:
    locks.limit_waits(session)
    row = locks.operation(session, operation_id=operation_id)
    if row is None:
        raise OperationNotFound
    return row


def _reopen(session: Session, row: AnyRow) -> None:
    now = func.now()
    _change(session, row, state=OperationState.UNKNOWN, failure_code=None, next_at=now, retried_at=now)


_CHANGE = (
    update(PaymentOperation)
    .where(PaymentOperation.id == bindparam("operation_id"))
    .execution_options(synchronize_session=False)
)


def _change(session: Session, row: AnyRow, **values: Any) -> None:
    session.execute(_CHANGE.values(**values), {"operation_id": row.operation_id})


def _audit(
    session: Session, row: AnyRow, action: str, caller: Caller, *, new: dict[str, Any], note: str | None
) -> None:
    audit.record(
        session,
        entity_type="payment",
        action=action,
        entity_id=row.payment_id,
        by=caller,
        old={"state": row.state, "failure_code": row.failure_code},
        new=new,
        context={"operation_id": row.operation_id, "kind": row.kind, "note": note},
    )
