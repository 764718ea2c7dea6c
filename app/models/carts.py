"""Baskets: at most one active per user and channel, each product once."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import CartStatus, ChannelName
from app.models.base import Base, Id, Money, Timestamped
from app.models.enums import stored


class Cart(Timestamped, Base):
    """A basket of a user, or of a guest who holds the opaque token behind `guest_token_hash`."""

    __tablename__ = "carts"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (guest_token_hash IS NULL)", name="user_or_guest"),
        Index("uq_carts_active", "user_id", "channel", unique=True, postgresql_where=text("status = 'ACTIVE'")),
        Index(
            "ix_carts_of_guests",
            "updated_at",
            postgresql_where=text("guest_token_hash IS NOT NULL AND status = 'ACTIVE'"),
        ),
        Index("ix_carts_abandoned", "updated_at", postgresql_where=text("status = 'ABANDONED'")),
    )

    id: Mapped[Id]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    guest_token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    channel: Mapped[ChannelName] = mapped_column(
        stored(ChannelName, "channel"), server_default=ChannelName.DELIVERY_OR_PICKUP.value
    )
    status: Mapped[CartStatus] = mapped_column(stored(CartStatus, "status"), server_default=CartStatus.ACTIVE.value)


class CartItem(Timestamped, Base):
    """A line of a basket; `unit_price` is the price of one piece when the line was last added to.

    In a trolley goods sold by weight are one line of `weight_grams` in all, whose price is `unit_price`.
    """

    __tablename__ = "cart_items"
    __table_args__ = (
        UniqueConstraint("cart_id", "product_id"),
        CheckConstraint("quantity BETWEEN 1 AND 10000", name="quantity_range"),
        CheckConstraint("unit_price >= 0", name="unit_price_not_negative"),
        CheckConstraint("weight_grams > 0", name="weight_positive"),
        CheckConstraint("weight_grams IS NULL OR quantity = 1", name="weighed_is_one_line"),
    )

    id: Mapped[Id]
    cart_id: Mapped[int] = mapped_column(ForeignKey("carts.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="RESTRICT"))
    quantity: Mapped[int]
    weight_grams: Mapped[int | None]
    unit_price: Mapped[Money]
