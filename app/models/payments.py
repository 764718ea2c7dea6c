"""What is owed, every call to the payment provider, and what the provider tells us by itself."""

from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import IdempotencyState, OperationKind, OperationState, PaymentProvider
from app.models.base import Base, Created, Id, Instant, Money, Timestamped
from app.models.enums import stored


class Payment(Timestamped, Base):
    """What a customer owes for one order. `requested_amount` is the total plus a buffer for weighing."""

    __tablename__ = "payments"
    __table_args__ = (
        UniqueConstraint("provider", "provider_reference"),
        CheckConstraint("requested_amount > 0", name="requested_positive"),
        CheckConstraint("captured_amount BETWEEN 0 AND authorized_amount", name="captured_within_authorized"),
        CheckConstraint("refunded_amount >= 0 AND refund_pending_amount >= 0", name="refunds_not_negative"),
        CheckConstraint("refunded_amount + refund_pending_amount <= captured_amount", name="refunded_within_captured"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"), unique=True)
    payment_token_id: Mapped[int | None] = mapped_column(ForeignKey("payment_tokens.id", ondelete="SET NULL"))
    provider: Mapped[PaymentProvider] = mapped_column(stored(PaymentProvider, "provider"))
    provider_reference: Mapped[str | None] = mapped_column(String(255))
    reference: Mapped[str] = mapped_column(String(64), unique=True)
    currency: Mapped[str] = mapped_column(String(3))
    requested_amount: Mapped[Money]
    authorized_amount: Mapped[Money] = mapped_column(server_default=text("0"))
    captured_amount: Mapped[Money] = mapped_column(server_default=text("0"))
    refunded_amount: Mapped[Money] = mapped_column(server_default=text("0"))
    refund_pending_amount: Mapped[Money] = mapped_column(server_default=text("0"))


class PaymentOperation(Timestamped, Base):
    """One call to the provider, committed before it is sent; `idempotency_key` makes sending it twice harmless."""

    __tablename__ = "payment_operations"
    __table_args__ = (
        UniqueConstraint("payment_id", "kind", "seq"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index(
            "ix_payment_operations_due",
            "next_at",
            postgresql_where=text("state IN ('created', 'sent', 'unknown')"),
        ),
        Index("ix_payment_operations_stuck", "id", postgresql_where=text("state IN ('manual', 'failed')")),
    )

    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id", ondelete="RESTRICT"))
    kind: Mapped[OperationKind] = mapped_column(stored(OperationKind, "kind"))
    seq: Mapped[int] = mapped_column(server_default=text("1"))
    idempotency_key: Mapped[UUID] = mapped_column(unique=True)
    amount: Mapped[Money]
    state: Mapped[OperationState] = mapped_column(
        stored(OperationState, "state"), server_default=OperationState.CREATED.value
    )
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    retried_at: Mapped[Instant | None]
    next_at: Mapped[Instant]
    failure_code: Mapped[str | None] = mapped_column(String(64))


class WebhookEvent(Base):
    """What the provider sent, stored before it is acted on; the UNIQUE event makes a duplicate harmless."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        UniqueConstraint("provider", "event_id"),
        Index("ix_webhook_events_due", "next_at", postgresql_where=text("processed_at IS NULL AND NOT failed")),
        Index("ix_webhook_events_processed", "processed_at", postgresql_where=text("processed_at IS NOT NULL")),
    )

    id: Mapped[Id]
    provider: Mapped[PaymentProvider] = mapped_column(stored(PaymentProvider, "provider"))
    event_id: Mapped[str] = mapped_column(String(255))
    raw: Mapped[str] = mapped_column(Text)
    received_at: Mapped[Created]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[Created]
    processed_at: Mapped[Instant | None]
    failed: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    note: Mapped[str | None] = mapped_column(String(200))


class IdempotencyKey(Base):
    """The answer to one keyed request. `placed`: the order is made, its payment is not yet decided."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        UniqueConstraint("principal", "route", "key"),
        CheckConstraint("(state = 'done') = (status IS NOT NULL)", name="done_has_answer"),
        Index("ix_idempotency_keys_open", "order_id", postgresql_where=text("state = 'placed'")),
    )

    id: Mapped[Id]
    principal: Mapped[str] = mapped_column(String(64))
    route: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(128))
    request_hash: Mapped[str] = mapped_column(String(64))
    state: Mapped[IdempotencyState] = mapped_column(stored(IdempotencyState, "state"))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"), index=True)
    status: Mapped[int | None]
    body: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[Created]
    expires_at: Mapped[Instant] = mapped_column(index=True)


class SandboxPayment(Base):
    """The memory of the offline payment provider, kept apart from our own payments as a real provider's would be."""

    __tablename__ = "sandbox_payments"

    reference: Mapped[str] = mapped_column(String(64), primary_key=True)
    provider_reference: Mapped[str] = mapped_column(String(64), unique=True)
    status: Mapped[str] = mapped_column(String(16))
    authorized_amount: Mapped[Money]
    captured_amount: Mapped[Money] = mapped_column(server_default=text("0"))
    refunded_amount: Mapped[Money] = mapped_column(server_default=text("0"))
    calls: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    created_at: Mapped[Created]
