"""Integrators that are told of events over HTTP, and every message to them."""

from typing import Any

from sqlalchemy import ARRAY, BigInteger, Boolean, CheckConstraint, ForeignKey, Index, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import DeliveryState
from app.models.base import Base, Created, Id, Instant, Timestamped
from app.models.enums import stored


class WebhookEndpoint(Timestamped, Base):
    """An address that is told of some topics; its secrets are kept encrypted.

    After a change of secret messages are signed with both until `previous_until`. One that has only failed since
    `failing_since` is switched off after a while, with the reason.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        CheckConstraint("cardinality(topics) > 0", name="has_topics"),
        CheckConstraint("is_active OR disabled_reason IS NOT NULL", name="disabled_has_reason"),
        CheckConstraint("num_nulls(previous_secret, previous_until) IN (0, 2)", name="previous_secret_ends"),
    )

    id: Mapped[Id]
    url: Mapped[str] = mapped_column(String(2000))
    description: Mapped[str] = mapped_column(String(200), server_default=text("''"))
    topics: Mapped[list[str]] = mapped_column(ARRAY(String(64)))
    secret: Mapped[str] = mapped_column(String(255))
    previous_secret: Mapped[str | None] = mapped_column(String(255))
    previous_until: Mapped[Instant | None]
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    disabled_reason: Mapped[str | None] = mapped_column(String(64))
    failing_since: Mapped[Instant | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class WebhookDelivery(Base):
    """One message to one endpoint, kept with how it went; a replay is a message of its own under the same event."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_has_time"),
        Index("ix_webhook_deliveries_due", "endpoint_id", "next_at", postgresql_where=text("state = 'pending'")),
        Index("ix_webhook_deliveries_endpoint", "endpoint_id", "id"),
        Index("ix_webhook_deliveries_created_at", "created_at"),
        Index("ix_webhook_deliveries_replay_of", "replay_of", postgresql_where=text("replay_of IS NOT NULL")),
        Index(
            "uq_webhook_deliveries_event",
            "endpoint_id",
            "event_id",
            unique=True,
            postgresql_where=text("replay_of IS NULL"),
        ),
    )

    id: Mapped[Id]
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    event_id: Mapped[int] = mapped_column(BigInteger)
    topic: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    replay_of: Mapped[int | None] = mapped_column(ForeignKey("webhook_deliveries.id", ondelete="SET NULL"))
    state: Mapped[DeliveryState] = mapped_column(
        stored(DeliveryState, "delivery_state"), server_default=DeliveryState.PENDING.value
    )
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    next_at: Mapped[Created]
    answer_status: Mapped[int | None] = mapped_column(SmallInteger)
    last_error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[Created]
    sent_at: Mapped[Instant | None]
