"""Picking and handing over: what staff do to an order after it is paid."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import AssistanceStatus, BatchStatus, DeliveryOutcome, PickAction, SoldBy, SubstitutionStatus
from app.models.base import Base, Created, Id, Instant, Money, Percent
from app.models.enums import stored


class PickBatch(Base):
    """Several orders of one branch picked in one walk by one person."""

    __tablename__ = "pick_batches"

    id: Mapped[Id]
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    status: Mapped[BatchStatus] = mapped_column(stored(BatchStatus, "status"), server_default=BatchStatus.OPEN.value)
    created_at: Mapped[Created]
    done_at: Mapped[Instant | None]


class PickEvent(Base):
    """One act of a picker on a line; the source of the stock movements it causes. Append-only."""

    __tablename__ = "pick_events"
    __table_args__ = (
        CheckConstraint("quantity >= 0", name="quantity_not_negative"),
        CheckConstraint("weight_grams > 0", name="weight_positive"),
        Index("ix_pick_events_order_id", "order_id"),
        Index("ix_pick_events_created_at", "created_at"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"))
    order_item_id: Mapped[int] = mapped_column(ForeignKey("order_items.id", ondelete="RESTRICT"))
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    action: Mapped[PickAction] = mapped_column(stored(PickAction, "action"))
    quantity: Mapped[int]
    weight_grams: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(String(256))
    notes: Mapped[str | None] = mapped_column(String(512))
    actor_user_id: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())


_LIVE = text("status IN ('PROPOSED', 'ACCEPTED')")


class Substitution(Base):
    """Another product in place of a missing line, priced so that it never costs more than what it replaces.

    `line_total` is the smaller of its own price and the line's. At most one for each line is live.
    """

    __tablename__ = "substitutions"
    __table_args__ = (
        Index("uq_substitutions_live", "order_item_id", unique=True, postgresql_where=_LIVE),
        Index("ix_substitutions_order_id", "order_id"),
        Index("ix_substitutions_created_at", "created_at"),
        Index("ix_substitutions_held", "product_id", postgresql_where=text("held_quantity > 0")),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("held_quantity BETWEEN 0 AND quantity", name="held_within_quantity"),
        CheckConstraint("unit_price >= 0", name="unit_price_not_negative"),
        CheckConstraint("unit_deposit >= 0", name="unit_deposit_not_negative"),
        CheckConstraint("line_total BETWEEN 0 AND unit_price * quantity", name="never_above_own_price"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"))
    order_item_id: Mapped[int] = mapped_column(ForeignKey("order_items.id", ondelete="RESTRICT"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="RESTRICT"))
    name: Mapped[str] = mapped_column(String(200))
    sku: Mapped[str] = mapped_column(String(64))
    unit: Mapped[str] = mapped_column(String(32))
    image_url: Mapped[str | None]
    sold_by: Mapped[SoldBy] = mapped_column(stored(SoldBy, "sold_by"))
    unit_price: Mapped[Money]
    quantity: Mapped[int]
    line_total: Mapped[Money]
    unit_deposit: Mapped[Money] = mapped_column(server_default=text("0"))
    tax_rate: Mapped[Percent]
    held_quantity: Mapped[int]
    status: Mapped[SubstitutionStatus] = mapped_column(stored(SubstitutionStatus, "status"))
    proposed_by: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[Created]
    decided_at: Mapped[Instant | None]


class DeliveryAttempt(Base):
    """A driver at the door: handed over to somebody, or not."""

    __tablename__ = "delivery_attempts"
    __table_args__ = (
        CheckConstraint("outcome <> 'FAILED' OR reason IS NOT NULL", name="failure_has_reason"),
        Index("ix_delivery_attempts_order_id", "order_id"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"))
    outcome: Mapped[DeliveryOutcome] = mapped_column(stored(DeliveryOutcome, "outcome"))
    reason: Mapped[str | None] = mapped_column(String(256))
    received_by: Mapped[str | None] = mapped_column(String(128))
    photo_reference: Mapped[str | None] = mapped_column(String(255))
    actor_user_id: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[Created]


class AssistanceRequest(Base):
    """Somebody asks the staff of a branch for help."""

    __tablename__ = "assistance_requests"
    __table_args__ = (
        CheckConstraint("(status = 'RESOLVED') = (resolved_at IS NOT NULL)", name="resolved_has_time"),
        Index("ix_assistance_requests_open", "stock_location_id", postgresql_where=text("status = 'OPEN'")),
        Index("ix_assistance_requests_place", "stock_location_id", "status", "id"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    message: Mapped[str] = mapped_column(String(500))
    status: Mapped[AssistanceStatus] = mapped_column(
        stored(AssistanceStatus, "status"), server_default=AssistanceStatus.OPEN.value
    )
    resolved_by: Mapped[int | None] = mapped_column(BigInteger)
    resolution: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[Created]
    resolved_at: Mapped[Instant | None]
