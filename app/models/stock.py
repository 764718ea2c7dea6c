"""Places that hold stock, how much they hold, and every movement that explains it."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import (
    LocationKind,
    MovementKind,
    StockRequestPriority,
    StockRequestStatus,
    StockRequestType,
    TransferStatus,
)
from app.models.base import Base, Created, Id, Instant, Timestamped
from app.models.enums import stored


class StockLocation(Timestamped, Base):
    """A store or warehouse ("branch" in the API) or a vendor's shop."""

    __tablename__ = "stock_locations"

    id: Mapped[Id]
    kind: Mapped[LocationKind] = mapped_column(stored(LocationKind, "kind"))
    name: Mapped[str] = mapped_column(String(128))
    address: Mapped[str] = mapped_column(String(256))
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))


class Inventory(Timestamped, Base):
    """Pieces of one product at one stock location: `available` may be sold, `reserved` belongs to open orders.

    At `reorder_point` pieces or fewer the stock is low. `needs_recount`: a picker did not find what should be there.
    """

    __tablename__ = "inventory"
    __table_args__ = (
        UniqueConstraint("stock_location_id", "product_id"),
        CheckConstraint("available_quantity >= 0", name="available_not_negative"),
        CheckConstraint("reserved_quantity >= 0", name="reserved_not_negative"),
        CheckConstraint("reorder_point >= 0", name="reorder_point_not_negative"),
        Index("ix_inventory_product_id", "product_id", postgresql_include=["stock_location_id"]),
    )

    id: Mapped[Id]
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="RESTRICT"))
    available_quantity: Mapped[int] = mapped_column(server_default=text("0"))
    reserved_quantity: Mapped[int] = mapped_column(server_default=text("0"))
    reorder_point: Mapped[int] = mapped_column(server_default=text("0"))
    needs_recount: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))


class StockMovement(Base):
    """One change of one inventory row, append-only; the UNIQUE source makes a replay harmless."""

    __tablename__ = "stock_movements"
    __table_args__ = (
        UniqueConstraint("source_type", "source_id", "kind"),
        Index("ix_stock_movements_place", "stock_location_id", "product_id", "id"),
    )

    id: Mapped[Id]
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="RESTRICT"))
    kind: Mapped[MovementKind] = mapped_column(stored(MovementKind, "kind"))
    available_change: Mapped[int]
    reserved_change: Mapped[int]
    source_type: Mapped[str] = mapped_column(String(32))
    source_id: Mapped[int] = mapped_column(BigInteger)
    actor_user_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[Created]


class StockRequest(Base):
    """An employee asks for a quantity to be set or added; a manager approves (maybe another quantity) or rejects."""

    __tablename__ = "stock_requests"
    __table_args__ = (
        CheckConstraint("quantity BETWEEN 1 AND 10000", name="quantity_range"),
        CheckConstraint("requested_quantity BETWEEN 1 AND 10000", name="requested_quantity_range"),
        CheckConstraint("(status = 'PENDING') = (reviewed_at IS NULL)", name="reviewed_has_time"),
        CheckConstraint("status <> 'REJECTED' OR rejection_reason IS NOT NULL", name="rejected_has_reason"),
        Index("ix_stock_requests_status", "status", text("id DESC")),
        Index("ix_stock_requests_place", "stock_location_id", text("id DESC")),
        Index("ix_stock_requests_requester", "actor_user_id", text("id DESC")),
    )

    id: Mapped[Id]
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="RESTRICT"))
    request_type: Mapped[StockRequestType] = mapped_column(stored(StockRequestType, "request_type"))
    quantity: Mapped[int]
    requested_quantity: Mapped[int]
    priority: Mapped[StockRequestPriority] = mapped_column(
        stored(StockRequestPriority, "priority"), server_default=StockRequestPriority.NORMAL.value
    )
    status: Mapped[StockRequestStatus] = mapped_column(
        stored(StockRequestStatus, "status"), server_default=StockRequestStatus.PENDING.value
    )
    actor_user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    reviewed_by: Mapped[int | None] = mapped_column(BigInteger)
    reviewed_at: Mapped[Instant | None]
    rejection_reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[Created]


class StockTransfer(Base):
    """Goods on their way from one stock location to another."""

    __tablename__ = "stock_transfers"
    __table_args__ = (
        CheckConstraint("from_location_id <> to_location_id", name="two_places"),
        CheckConstraint("(status IN ('SENT', 'RECEIVED')) = (sent_at IS NOT NULL)", name="sent_has_time"),
        CheckConstraint("(status = 'RECEIVED') = (received_at IS NOT NULL)", name="received_has_time"),
        Index("ix_stock_transfers_status", "status", text("id DESC")),
    )

    id: Mapped[Id]
    from_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    to_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    status: Mapped[TransferStatus] = mapped_column(
        stored(TransferStatus, "status"), server_default=TransferStatus.REQUESTED.value
    )
    note: Mapped[str | None] = mapped_column(String(500))
    requested_by: Mapped[int] = mapped_column(BigInteger)
    sent_by: Mapped[int | None] = mapped_column(BigInteger)
    received_by: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[Created]
    sent_at: Mapped[Instant | None]
    received_at: Mapped[Instant | None]


class StockTransferLine(Base):
    """One product of a transfer: pieces asked for, sent, and arrived; the source of its stock movements."""

    __tablename__ = "stock_transfer_lines"
    __table_args__ = (
        UniqueConstraint("transfer_id", "product_id"),
        CheckConstraint("requested_quantity > 0", name="requested_positive"),
        CheckConstraint("sent_quantity >= 0", name="sent_not_negative"),
        CheckConstraint("received_quantity >= 0", name="received_not_negative"),
    )

    id: Mapped[Id]
    transfer_id: Mapped[int] = mapped_column(ForeignKey("stock_transfers.id", ondelete="RESTRICT"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="RESTRICT"))
    requested_quantity: Mapped[int]
    sent_quantity: Mapped[int | None]
    received_quantity: Mapped[int | None]
    difference_reason: Mapped[str | None] = mapped_column(String(256))


class StockChange(Base):
    """A change of one inventory row by hand: an edit, a bulk upload, an approved request, a recount.

    The source of its stock movement. For a recount `counted_quantity` is what lay on the shelf.
    """

    __tablename__ = "stock_changes"
    __table_args__ = (
        CheckConstraint("counted_quantity >= 0", name="counted_not_negative"),
        Index("ix_stock_changes_place", "stock_location_id", "product_id", "id"),
    )

    id: Mapped[Id]
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="RESTRICT"))
    kind: Mapped[MovementKind] = mapped_column(stored(MovementKind, "kind"))
    available_before: Mapped[int]
    available_after: Mapped[int]
    reserved_before: Mapped[int]
    reserved_after: Mapped[int]
    counted_quantity: Mapped[int | None]
    stock_request_id: Mapped[int | None] = mapped_column(ForeignKey("stock_requests.id", ondelete="RESTRICT"))
    reason: Mapped[str | None] = mapped_column(String(256))
    actor_user_id: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[Created]
