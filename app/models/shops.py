"""Vendors' shops: what they are, when they are open, and what their items have beyond a product."""

from datetime import date, time
from decimal import Decimal

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, Numeric, SmallInteger, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import ShopEvent, UploadState
from app.models.base import Base, Created, Id, Instant, Money, Timestamped
from app.models.enums import stored


class Shop(Timestamped, Base):
    """The shop of one vendor, kept on a stock location of kind SHOP whose id and name are the shop's.

    `is_open` is the vendor's own switch; whether a shop sells now is also a matter of its hours, its holidays and its
    location's `is_active`, which an admin takes away to suspend it. It serves the people of its society, or everybody
    where it delivers.
    """

    __tablename__ = "shops"
    __table_args__ = (
        CheckConstraint("minimum_order >= 0", name="minimum_order_not_negative"),
        CheckConstraint("delivery_fee >= 0", name="delivery_fee_not_negative"),
        CheckConstraint("rating_count >= 0", name="rating_count_not_negative"),
        CheckConstraint("rating_sum BETWEEN rating_count AND 5 * rating_count", name="rating_sum_fits_count"),
        Index("ix_shops_area", text("lower(city)"), text("lower(society)")),
    )

    id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), unique=True)
    shop_type: Mapped[str] = mapped_column(String(50))
    description: Mapped[str] = mapped_column(String(200), server_default="")
    city: Mapped[str] = mapped_column(String(100))
    society: Mapped[str] = mapped_column(String(100))
    phone: Mapped[str | None] = mapped_column(String(33))
    category_tags: Mapped[str] = mapped_column(String(400), server_default="")
    logo_url: Mapped[str | None] = mapped_column(String(255))
    delivers: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    appointment_only: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    is_open: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    verified: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    featured: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    minimum_order: Mapped[Money] = mapped_column(server_default=text("0"))
    delivery_fee: Mapped[Money] = mapped_column(server_default=text("0"))
    rating_sum: Mapped[int] = mapped_column(server_default=text("0"))
    rating_count: Mapped[int] = mapped_column(server_default=text("0"))
    last_opened_at: Mapped[Instant | None]
    last_closed_at: Mapped[Instant | None]


class ShopHours(Base):
    """An open interval of a weekday, 0 for Monday, in the shop's time zone; a shop without any is open all day."""

    __tablename__ = "shop_hours"
    __table_args__ = (
        CheckConstraint("day_of_week BETWEEN 0 AND 6", name="day_of_week"),
        CheckConstraint("open_time < close_time", name="opens_before_it_closes"),
    )

    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"), primary_key=True)
    day_of_week: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    open_time: Mapped[time] = mapped_column(primary_key=True)
    close_time: Mapped[time]


class ShopHoliday(Base):
    """A date on which a shop is closed whatever its hours say."""

    __tablename__ = "shop_holidays"

    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    reason: Mapped[str | None] = mapped_column(String(100))


class ShopStatusChange(Base):
    """The open/close log of a shop."""

    __tablename__ = "shop_status_changes"
    __table_args__ = (Index("ix_shop_status_changes_shop_id_id", "shop_id", text("id DESC")),)

    id: Mapped[Id]
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    event: Mapped[ShopEvent] = mapped_column(stored(ShopEvent, "event"))
    actor_user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[Created]


class ShopItem(Base):
    """What a vendor's product has beyond a product. The vendor switches `is_available`, shows `discount`."""

    __tablename__ = "shop_items"
    __table_args__ = (CheckConstraint("discount >= 0", name="discount_not_negative"),)

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)
    category: Mapped[str | None] = mapped_column(String(50))
    tags: Mapped[str | None] = mapped_column(String(100))
    pack_size: Mapped[str | None] = mapped_column(String(50))
    discount: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    expiry_date: Mapped[date | None] = mapped_column(Date)
    is_available: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))


class ItemUpload(Timestamped, Base):
    """A file of items on its way into a shop: `rows` are those still to be made, `errors` a {row, message} each."""

    __tablename__ = "item_uploads"
    __table_args__ = (
        CheckConstraint("total >= 0 AND created >= 0 AND failed >= 0", name="counts_not_negative"),
        CheckConstraint("created + failed <= total", name="counts_within_total"),
        Index("ix_item_uploads_shop_id_id", "shop_id", text("id DESC")),
    )

    id: Mapped[Id]
    task_id: Mapped[str] = mapped_column(String(32), unique=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    file_name: Mapped[str] = mapped_column(Text)
    state: Mapped[UploadState] = mapped_column(stored(UploadState, "state"), server_default=UploadState.PENDING.value)
    total: Mapped[int]
    created: Mapped[int] = mapped_column(server_default=text("0"))
    failed: Mapped[int] = mapped_column(server_default=text("0"))
    rows: Mapped[list[object]] = mapped_column(JSONB)
    errors: Mapped[list[object]] = mapped_column(JSONB, server_default=text("'[]'"))
