"""What happened: the outbox of events to act on, the audit trail, and the sandbox's kept messages."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Index, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Created, Id, Instant

OF_PEOPLE = text(
    "topic IN ('registration.code', 'phone.code', 'password.reset', 'staff.invited', 'user.registered',"
    " 'order.delivery_failed')"
)
"""Events whose aggregate or payload may hold an address, a number or words about a person: an erasure looks here."""


class OutboxEvent(Base):
    """Something to be told outside, written in the transaction of the change itself and relayed after it."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index("ix_outbox_due", "next_at", postgresql_where=text("done_at IS NULL AND NOT failed")),
        Index("ix_outbox_failed", "id", postgresql_where=text("failed")),
        Index("ix_outbox_done", "done_at", postgresql_where=text("done_at IS NOT NULL")),
        Index("ix_outbox_of_people", "aggregate", postgresql_where=OF_PEOPLE),
    )

    id: Mapped[Id]
    topic: Mapped[str] = mapped_column(String(64))
    aggregate: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[Created]
    next_at: Mapped[Created]
    done_at: Mapped[Instant | None]
    failed: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    last_error: Mapped[str | None] = mapped_column(String(500))


class AuditEvent(Base):
    """Who changed what, with old and new value, in the transaction of the change. Append-only."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_entity", "entity_type", "entity_id", "id"),
        Index("ix_audit_events_actor", "actor_user_id", "created_at", "id"),
        Index("ix_audit_events_action", "action", "created_at", "id"),
        Index("ix_audit_events_created_at", "created_at", "id"),
        Index("ix_audit_events_request_id", "request_id", postgresql_where=text("request_id IS NOT NULL")),
    )

    id: Mapped[Id]
    entity_type: Mapped[str] = mapped_column(String(64))
    entity_id: Mapped[int | None] = mapped_column(BigInteger)
    action: Mapped[str] = mapped_column(String(64))
    old_value: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    new_value: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    context: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    actor_user_id: Mapped[int | None] = mapped_column(BigInteger)
    request_id: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[Created]


class SandboxMessage(Base):
    """A mail or text message the sandbox kept instead of sending it (development and testing only).

    `reference` is unique, as at a real provider: a second try of one message keeps one.
    """

    __tablename__ = "sandbox_messages"

    id: Mapped[Id]
    reference: Mapped[str] = mapped_column(String(64), unique=True)
    recipient: Mapped[str] = mapped_column(String(254), index=True)
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Created]
