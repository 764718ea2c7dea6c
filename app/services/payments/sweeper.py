"""Finishing what a crash, a lost answer or a closed browser left open. Any number of sweepers may run at once."""

import logging
import time
from datetime import timedelta

from sqlalchemy import Interval, bindparam, func, select, text, update
from sqlalchemy.orm import Session

from app.clients.payments import Status
from app.clients.providers import payment_client
from app.config import settings
from app.domain.caller import Caller
from app.domain.enums import OperationKind, OperationState, OrderStatus
from app.models import Order, Payment, PaymentOperation
from app.models.base import AnyRow
from app.services import audit, locks
from app.services.payments import outcomes, sending, webhooks
from app.services.top_ups.sweeping import sweep_top_ups
from app.transaction import reading, transaction
from app.working import working

log = logging.getLogger("aisle.sweeper")

PAUSES = (
    timedelta(seconds=5),
    timedelta(seconds=15),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
)
GIVE_UP_AFTER = timedelta(hours=72)
LONGEST_PASS = 5.0
"""Seconds after which a pass begins no further operation, as a silent provider takes many for each."""


def sweep() -> dict[str, int]:
    """One pass over everything that is due; answers how many of each were dealt with."""
    return {
        "webhooks": webhooks.process_due(),
        "payment_operations": _sweep_operations(),
        "top_ups": sweep_top_ups(),
        "answers": _settle_answers(),
    }


def settle(operation_id: int, by: Caller | None = None) -> None:
    """Bring one payment operation nearer to its end, at the wish of `by` if anybody's; harmless to repeat."""
    row = _read(operation_id)
    if row is None or row.state in outcomes.FINAL:
        return
    if row.kind != OperationKind.AUTHORIZE:
        sending.carry_out(operation_id, by)
    elif row.order_status == OrderStatus.CANCELLING or row.is_late:
        _abandon(row, by)
    else:
        _resume(row, by)


def _sweep_operations() -> int:
    """One poisoned row never blocks the rest: whatever it raises is logged, and it comes back after its pause."""
    begun, give_way = 0, time.monotonic() + LONGEST_PASS
    while time.monotonic() < give_way and (operation_id := _lease()) is not None:
        begun += 1
        try:
            with working("payment operation", operation_id=operation_id):
                settle(operation_id)
        except Exception:
            log.exception("a payment operation could not be settled", extra={"operation_id": operation_id})
    _give_up()
    return begun


def _lease() -> int | None:
    with transaction() as session:
        return locks.lease_operation(session, pauses=PAUSES)


def _resume(row: AnyRow, by: Caller | None) -> None:
    """Ask what became of an authorization; when it never arrived, send it again under the same key."""
    outcome = payment_client(settings()).find(reference=row.reference, since=row.made_at)
    if outcome.status is Status.NOT_FOUND:
        sending.authorize(row.order_id, by)
    else:
        outcomes.apply(row.operation_id, outcome, by)


def _abandon(row: AnyRow, by: Caller | None) -> None:
    """Cancel an unpaid order: fence first, then cancel at the provider, and only then release.

    Without the fence a client's retry could confirm the order between the provider's cancel and ours. A provider that
    keeps no tombstone is told only when no request of ours can be on its way any more; until then the next pass tries.
    """
    with transaction() as session:
        locks.limit_waits(session)
        fenced = fence(session, order_id=row.order_id, reason="payment_abandoned", by=by)
    fresh = _read(row.operation_id)  # a request may have set out just before the fence
    if not fenced or fresh is None:
        return
    client = payment_client(settings())
    if client.leaves_tombstones or not fresh.is_on_its_way:
        outcomes.apply(row.operation_id, client.cancel(reference=row.reference, since=row.made_at), by)


def fence(session: Session, *, order_id: int, reason: str, by: Caller | None = None) -> bool:
    """Forbid any payment of an undecided order from now on; False when it is decided already. A step."""
    fenced = session.execute(
        update(Order)
        .where(Order.id == order_id, Order.status == OrderStatus.PENDING_PAYMENT)
        .values(status=OrderStatus.CANCELLING, cancel_reason=reason)
        .returning(Order.id)
    ).scalar_one_or_none()
    if fenced is not None:
        audit.record(
            session,
            entity_type="order",
            action="UPDATE_STATUS",
            entity_id=order_id,
            by=by,
            old={"status": OrderStatus.PENDING_PAYMENT},
            new={"status": OrderStatus.CANCELLING, "reason": reason},
        )
        return True
    return session.execute(select(Order.status).where(Order.id == order_id)).scalar_one() == OrderStatus.CANCELLING


_READ = (
    select(
        PaymentOperation.id.label("operation_id"),
        PaymentOperation.kind,
        PaymentOperation.state,
        Payment.reference,
        Payment.created_at.label("made_at"),
        Order.id.label("order_id"),
        Order.status.label("order_status"),
        (Order.pay_deadline <= func.now()).label("is_late"),
        (
            PaymentOperation.state.in_((OperationState.SENT, OperationState.UNKNOWN))
            & (PaymentOperation.updated_at > func.now() - bindparam("answer_time", type_=Interval))
        ).label("is_on_its_way"),
    )
    .join(Payment, Payment.id == PaymentOperation.payment_id)
    .join(Order, Order.id == Payment.order_id)
    .where(PaymentOperation.id == bindparam("operation_id"))
)


def _read(operation_id: int) -> AnyRow | None:
    with reading() as connection:
        values = {"operation_id": operation_id, "answer_time": sending.answer_time()}
        return connection.execute(_READ, values).one_or_none()


_GIVE_UP = text("""
    WITH given_up AS (
        UPDATE payment_operations AS operations
        SET state = 'manual', failure_code = 'gave_up', updated_at = now()
        FROM payment_operations AS before
        WHERE before.id = operations.id AND operations.state IN ('created', 'sent', 'unknown')
          AND coalesce(operations.retried_at, operations.created_at) < now() - CAST(:give_up_after AS interval)
        RETURNING operations.id, operations.payment_id, before.state
    )
    INSERT INTO audit_events (entity_type, entity_id, action, old_value, new_value, context)
    SELECT 'payment', payment_id, 'NEEDS_ATTENTION', jsonb_build_object('state', state), '{"state": "manual"}',
           jsonb_build_object('operation_id', id, 'reason', 'gave_up')
    FROM given_up
    RETURNING context ->> 'operation_id' AS operation_id
""")


def _give_up() -> None:
    """Hand operations that found no end in three days, or in three days since a person retried them, to a person."""
    with transaction() as session:
        locks.limit_waits(session)
        for given_up in session.execute(_GIVE_UP, {"give_up_after": GIVE_UP_AFTER}):
            log.error("payment operation needs a person", extra={"operation_id": int(given_up.operation_id)})


_SETTLE_ANSWERS = text("""
    UPDATE idempotency_keys AS open SET state = 'done', status = decided.status, body = decided.body
    FROM idempotency_keys AS decided
    WHERE open.state = 'placed' AND decided.order_id = open.order_id AND decided.state = 'done'
""")


def _settle_answers() -> int:
    """A second key bound to an order in the very moment it was decided gets the order's answer."""
    with transaction() as session:
        locks.limit_waits(session)
        return session.execute(_SETTLE_ANSWERS).rowcount  # type: ignore[attr-defined,no-any-return]
