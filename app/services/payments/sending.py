"""Asking the provider, with no transaction open and no connection held."""

from datetime import timedelta

from app.clients.payments import Outcome, Status
from app.clients.providers import payment_client
from app.config import settings
from app.domain.caller import Caller
from app.domain.enums import OperationKind, OperationState
from app.models.base import AnyRow
from app.services import locks
from app.services.checkout.answers import Decision
from app.services.payments import outcomes
from app.transaction import transaction


def authorize(order_id: int, by: Caller | None = None) -> Decision | None:
    """Take on the authorization of an order, send it and apply the answer; None when there is nothing to send."""
    claimed = locks.claim_authorization(order_id=order_id, patience=answer_time())
    if claimed is None:
        return None
    outcome = _found(claimed) or ask(claimed, claimed.provider_token)
    return outcomes.apply_claimed(claimed, outcome, by)


def _found(claimed: AnyRow) -> Outcome | None:
    """What became of an authorization whose answer was lost, if the provider says so.

    Sent again, its key may bring the same 500 for ever: the provider keeps its first answer, done or not.
    """
    if claimed.state != OperationState.UNKNOWN:
        return None
    outcome = payment_client(settings()).find(reference=claimed.reference)
    return None if outcome.status in (Status.NOT_FOUND, Status.UNKNOWN) else outcome


def carry_out(operation_id: int, by: Caller | None = None) -> None:
    """Send one operation and apply the answer; sending it again is harmless (its key goes along)."""
    with transaction() as session:
        locks.limit_waits(session)
        row = locks.operation(session, operation_id=operation_id)
    if row is not None and row.state not in outcomes.FINAL:
        outcomes.apply(operation_id, ask(row, ""), by)


def ask(row: AnyRow, token: str) -> Outcome:
    """Put an operation to the provider. `row` as read by `locks.operation`."""
    client = payment_client(settings())
    key, reference = str(row.idempotency_key), row.reference
    match OperationKind(row.kind):
        case OperationKind.AUTHORIZE:
            return client.authorize(
                reference=reference, token=token, amount=row.amount, currency=row.currency, idempotency_key=key
            )
        case OperationKind.CAPTURE:
            return client.capture(
                reference=reference,
                provider_reference=row.provider_reference or "",
                amount=row.amount,
                idempotency_key=key,
            )
        case OperationKind.VOID:
            return client.void(
                reference=reference, provider_reference=row.provider_reference or "", idempotency_key=key
            )
        case OperationKind.REFUND:
            return client.refund(
                reference=reference,
                provider_reference=row.provider_reference or "",
                amount=row.amount,
                idempotency_key=key,
            )


def answer_time() -> timedelta:
    """Twice what a call can take at most: after that a request marked sent is on its way no more."""
    return timedelta(seconds=2 * (settings().payment_connect_timeout + settings().payment_read_timeout))
