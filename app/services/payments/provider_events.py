"""What the provider told us by itself, applied to the operation it is about."""

from sqlalchemy import bindparam, select

from app.clients.payments import Outcome, Status
from app.domain.enums import OperationKind, OperationState
from app.models import Payment, PaymentOperation
from app.services.payments import outcomes, settlement
from app.transaction import reading, transaction

_KINDS = {
    Status.CAPTURED: (OperationKind.CAPTURE, OperationKind.AUTHORIZE),
    Status.VOIDED: (OperationKind.VOID, OperationKind.AUTHORIZE),
}
_OPERATIONS = (
    select(PaymentOperation.id, PaymentOperation.kind)
    .join(Payment, Payment.id == PaymentOperation.payment_id)
    .where(
        Payment.reference == bindparam("reference"),
        PaymentOperation.kind.in_(bindparam("kinds", expanding=True)),
        PaymentOperation.state.not_in(outcomes.FINAL)
        | (PaymentOperation.kind == OperationKind.AUTHORIZE)
        | (PaymentOperation.kind == OperationKind.CAPTURE) & (PaymentOperation.state == OperationState.FAILED),
    )
    .order_by(PaymentOperation.id)
)


def apply(*, reference: str, outcome: Outcome) -> bool:
    """Apply what the provider told us by itself; False when it concerns no operation of ours that is still open.

    `reference` is our payment's. Which of its refunds is meant it does not say: all open ones are asked for again.
    """
    if outcome.status is Status.REFUNDED:
        with transaction() as session:
            return settlement.hurry_refunds(session, reference=reference)
    kinds = _KINDS.get(outcome.status, (OperationKind.AUTHORIZE,))
    with reading() as connection:
        rows = connection.execute(_OPERATIONS, {"reference": reference, "kinds": kinds}).all()
    for kind in kinds:
        for row in rows:
            if row.kind == kind:
                outcomes.apply(row.id, outcome)
                return True
    return False
