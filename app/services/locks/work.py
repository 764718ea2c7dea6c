"""Work that waits: rows another worker holds are skipped."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import OutboxEvent, WebhookEvent


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
