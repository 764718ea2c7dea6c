"""Coupons and how often they were used."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import DiscountKind
from app.models.base import Base, Id, Instant, Money, Timestamped
from app.models.enums import stored


class Coupon(Timestamped, Base):
    """A code that takes something off a basket. `value` is percent for PERCENT, money for AMOUNT, 0 for FREE_DELIVERY.

    `used_count` counts live orders; it is raised under this row's lock and lowered when an order is cancelled.
    """

    __tablename__ = "coupons"
    __table_args__ = (
        CheckConstraint("code = upper(code)", name="code_upper_case"),
        CheckConstraint("kind <> 'PERCENT' OR value BETWEEN 0.01 AND 100", name="percent_range"),
        CheckConstraint("kind <> 'AMOUNT' OR value > 0", name="amount_positive"),
        CheckConstraint("kind <> 'FREE_DELIVERY' OR value = 0", name="free_delivery_has_no_value"),
        CheckConstraint("max_discount > 0", name="max_discount_positive"),
        CheckConstraint("minimum_total >= 0", name="minimum_not_negative"),
        CheckConstraint("usage_limit > 0", name="usage_limit_positive"),
        CheckConstraint("per_user_limit > 0", name="per_user_limit_positive"),
        CheckConstraint("used_count >= 0", name="used_not_negative"),
        CheckConstraint("starts_at < ends_at", name="starts_before_end"),
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(32), unique=True)
    description: Mapped[str] = mapped_column(String(200))
    kind: Mapped[DiscountKind] = mapped_column(stored(DiscountKind, "kind"))
    value: Mapped[Money]
    max_discount: Mapped[Money | None]
    minimum_total: Mapped[Money] = mapped_column(server_default=text("0"))
    usage_limit: Mapped[int | None]
    per_user_limit: Mapped[int | None]
    used_count: Mapped[int] = mapped_column(server_default=text("0"))
    starts_at: Mapped[Instant | None]
    ends_at: Mapped[Instant | None]
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    created_by: Mapped[int | None] = mapped_column(BigInteger)


class CouponUse(Base):
    """How many live orders of one user hold a coupon; the row that a per-user limit is decided on."""

    __tablename__ = "coupon_uses"
    __table_args__ = (CheckConstraint("used_count >= 0", name="used_not_negative"),)

    coupon_id: Mapped[int] = mapped_column(ForeignKey("coupons.id", ondelete="RESTRICT"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    used_count: Mapped[int]
