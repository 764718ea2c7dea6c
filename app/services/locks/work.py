"""Work that waits: rows another worker holds are skipped."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import BigInteger, Integer, Interval, bindparam, func, select, text
from sqlalchemy.orm import Session

from app.models import OutboxEvent, WebhookEvent
from app.models.base import AnyRow


def due_outbox(session: Session, *, batch: int) -> Sequence[OutboxEvent]:
    """Outbox events due for relay, oldest first; events another relay works on are skipped."""
    statement = (
        select(OutboxEvent)
        .where(OutboxEvent.done_at.is_(None), ~OutboxEvent.failed, OutboxEvent.next_at <= func.now())
        .order_by(OutboxEvent.id)
        .limit(batch)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return session.execute(statement).scalars().all()


_OFFER = text("""
    WITH due AS (
        SELECT id FROM outbox WHERE done_at IS NULL AND NOT failed AND next_at <= now()
        ORDER BY next_at LIMIT :batch FOR UPDATE SKIP LOCKED
    )
    UPDATE outbox SET next_at = now() + :lease FROM due WHERE outbox.id = due.id
    RETURNING outbox.id, outbox.attempts
""").bindparams(bindparam("batch", type_=Integer), bindparam("lease", type_=Interval))


def offer_outbox(session: Session, *, batch: int, lease: timedelta) -> Sequence[AnyRow]:
    """Take the events due longest out of everybody's sight for the length of the lease, without counting a try.

    Answers id and tries of each (one statement); events another one works on are skipped.
    """
    return session.execute(_OFFER, {"batch": batch, "lease": lease}).all()


_EVENT = (
    select(OutboxEvent)
    .where(OutboxEvent.id == bindparam("event_id", type_=BigInteger))
    .with_for_update()
    .execution_options(populate_existing=True)
)


def outbox_event(session: Session, *, event_id: int) -> OutboxEvent | None:
    """One event, locked."""
    return session.execute(_EVENT, {"event_id": event_id}).scalar_one_or_none()


def due_webhooks(session: Session, *, batch: int) -> Sequence[WebhookEvent]:
    """Stored webhook events not yet processed; events another worker holds are skipped."""
    statement = (
        select(WebhookEvent)
        .where(WebhookEvent.processed_at.is_(None), ~WebhookEvent.failed, WebhookEvent.next_at <= func.now())
        .order_by(WebhookEvent.id)
        .limit(batch)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return session.execute(statement).scalars().all()
