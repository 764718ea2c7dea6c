"""Places that hold stock, how much they hold, and every movement that explains it."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import LocationKind, MovementKind
from app.models.base import Base, Created, Id, Timestamped
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
    """Pieces of one product at one stock location: `available` may be sold, `reserved` belongs to open orders."""

    __tablename__ = "inventory"
    __table_args__ = (
        UniqueConstraint("stock_location_id", "product_id"),
        CheckConstraint("available_quantity >= 0", name="available_not_negative"),
        CheckConstraint("reserved_quantity >= 0", name="reserved_not_negative"),
        Index("ix_inventory_product_id", "product_id", postgresql_include=["stock_location_id"]),
    )

    id: Mapped[Id]
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="RESTRICT"))
    available_quantity: Mapped[int] = mapped_column(server_default=text("0"))
    reserved_quantity: Mapped[int] = mapped_column(server_default=text("0"))


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
