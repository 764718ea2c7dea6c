"""Where things stand in a branch: its floors, its sections and the shelves of its products."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import LayoutStatus
from app.models.base import Base, Id, Instant, Timestamped
from app.models.enums import stored


class StoreLayout(Timestamped, Base):
    """A branch's floors as rows of characters; published it has a version and its walking distances.

    One draft and one published layout for each branch; older ones are RETIRED. `distances` is what
    `domain.store_map` computed when it was published.
    """

    __tablename__ = "store_layouts"
    __table_args__ = (
        UniqueConstraint("stock_location_id", "version"),
        Index("uq_store_layouts_draft", "stock_location_id", unique=True, postgresql_where=text("status = 'draft'")),
        Index(
            "uq_store_layouts_published",
            "stock_location_id",
            unique=True,
            postgresql_where=text("status = 'published'"),
        ),
        CheckConstraint("cell_cm > 0", name="cell_positive"),
        CheckConstraint("(status = 'draft') = (version IS NULL)", name="published_has_version"),
    )

    id: Mapped[Id]
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    version: Mapped[int | None]
    status: Mapped[LayoutStatus] = mapped_column(
        stored(LayoutStatus, "status"), server_default=LayoutStatus.DRAFT.value
    )
    cell_cm: Mapped[int]
    floors: Mapped[dict[str, Any]] = mapped_column(JSONB)
    stairs: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    checksum: Mapped[str] = mapped_column(String(64))
    distances: Mapped[bytes | None] = mapped_column(LargeBinary)
    published_at: Mapped[Instant | None]
    published_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class ProductPlace(Base):
    """A shelf where a product stands, in cells of the layout; a product may stand in several."""

    __tablename__ = "product_places"
    __table_args__ = (
        UniqueConstraint("stock_location_id", "product_id", "floor", "x", "y"),
        CheckConstraint("x >= 0 AND y >= 0", name="on_the_map"),
        Index("ix_product_places_product_id", "product_id"),
    )

    id: Mapped[Id]
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    floor: Mapped[int] = mapped_column(SmallInteger)
    x: Mapped[int]
    y: Mapped[int]
    aisle_num: Mapped[int | None]
    shelf_num: Mapped[int | None]


class StoreSection(Base):
    """A named rectangle of a branch, in cells, corners included."""

    __tablename__ = "store_sections"
    __table_args__ = (
        UniqueConstraint("stock_location_id", "name"),
        CheckConstraint("x1 <= x2 AND y1 <= y2", name="corners_in_order"),
    )

    id: Mapped[Id]
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    floor: Mapped[int] = mapped_column(SmallInteger)
    x1: Mapped[int]
    y1: Mapped[int]
    x2: Mapped[int]
    y2: Mapped[int]
