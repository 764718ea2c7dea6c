"""Payments and their operations, always after the order they belong to."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from app.models import Payment
from app.models.base import AnyRow
from app.prepared import Step
from app.services.locks.keys import WAITS

_PAYMENT = (
    select(Payment)
    .where(Payment.order_id == bindparam("order_id"))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def payment_of(session: Session, *, order_id: int) -> Payment | None:
    """The payment of an order whose row is already locked, locked too."""
    return session.execute(_PAYMENT, {"order_id": order_id}).scalar_one_or_none()


_OPERATION_COLUMNS = """
    orders.id AS order_id, orders.order_number, orders.user_id, orders.status AS order_status, orders.total_amount,
    orders.stock_location_id, orders.channel, orders.cancel_reason, orders.pay_deadline <= now() AS is_late,
    payments.id AS payment_id, payments.reference, payments.provider, payments.provider_reference, payments.currency,
    payments.authorized_amount, payments.captured_amount,
    operations.id AS operation_id, operations.kind, operations.state, operations.amount, operations.idempotency_key,
    operations.attempts, operations.failure_code
"""
_OPERATION_TABLES = """
    orders JOIN payments ON payments.order_id = orders.id
    JOIN payment_operations AS operations ON operations.payment_id = payments.id
"""
_OPERATION = Step(
    text(
        f"SELECT {_OPERATION_COLUMNS} FROM {_OPERATION_TABLES} WHERE operations.id = :operation_id"
        " FOR NO KEY UPDATE OF orders, payments, operations"
    )
)


def operation(session: Session, *, operation_id: int) -> AnyRow | None:
    """One payment operation with its payment and order, all three locked in that order (one statement)."""
    found = _OPERATION.within(session, operation_id=operation_id)
    return found[0] if found else None


LOCKED_OPERATION = f"""
    SELECT orders.id AS order_id, orders.status AS order_status, payments.id AS payment_id,
           operations.id AS operation_id, operations.state
    FROM {WAITS} CROSS JOIN {_OPERATION_TABLES}
    WHERE operations.id = :operation_id
    FOR NO KEY UPDATE OF orders, payments, operations
"""
"""SQL for one operation, locked as by `operation`: part of a statement that decides it.

Where the order stands is for that statement to ask of the locked rows: asked here, PostgreSQL would look through all
orders that stand there.
"""

_CLAIM = Step(
    text(f"""
    WITH claimed AS (
        SELECT {_OPERATION_COLUMNS}, tokens.provider_token
        FROM {WAITS} CROSS JOIN {_OPERATION_TABLES}
        LEFT JOIN payment_tokens AS tokens ON tokens.id = payments.payment_token_id
        WHERE orders.id = :order_id AND orders.status = 'PENDING_PAYMENT' AND orders.pay_deadline > now()
          AND operations.kind = 'authorize'
          AND (operations.state IN ('created', 'unknown')
               OR operations.state = 'sent' AND operations.updated_at < now() - CAST(:patience AS interval))
        FOR NO KEY UPDATE OF orders, payments, operations
    )
    UPDATE payment_operations SET state = 'sent', updated_at = now()
    FROM claimed WHERE payment_operations.id = claimed.operation_id
    RETURNING claimed.*
""")
)


def claim_authorization(*, order_id: int, patience: timedelta) -> AnyRow | None:
    """Take on the payment of an order: lock it, check that it may still be paid, mark the operation sent, commit.

    None when there is nothing to send: already decided, being cancelled, past its deadline, or sent by somebody else
    less than `patience` ago (one statement, a transaction by itself). It is no attempt of the sweeper's: a shopper who
    keeps asking would push the next one back by an hour.
    """
    found = _CLAIM.alone(order_id=order_id, patience=patience)
    return found[0] if found else None


_DUE_OPERATION = text("""
    WITH due AS (
        SELECT id FROM payment_operations
        WHERE state IN ('created', 'sent', 'unknown') AND next_at <= now()
        ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    UPDATE payment_operations
    SET attempts = attempts + 1,
        next_at = now() + (CAST(:pauses AS interval[]))[least(attempts + 1, cardinality(CAST(:pauses AS interval[])))]
    FROM due WHERE payment_operations.id = due.id
    RETURNING payment_operations.id
""")


def lease_operation(session: Session, *, pauses: Sequence[timedelta]) -> int | None:
    """Take on the payment operation due first, pushing its next try back by the pause of its attempt.

    Rows that another sweeper holds are skipped, so any number of sweepers may run (one statement).
    """
    return session.execute(_DUE_OPERATION, {"pauses": list(pauses)}).scalar_one_or_none()
