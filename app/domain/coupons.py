"""When a coupon may be used. Amounts are Decimals in the shop's currency, tax included."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from app.domain.discounts import Discount
from app.domain.enums import DiscountKind, FulfillmentType


class CouponRefusal(StrEnum):
    """Why a coupon does not apply, as sent to the client."""

    NOT_STARTED = "not_started"
    EXPIRED = "expired"
    USED_UP_BY_YOU = "used_up_by_you"
    USED_UP = "used_up"
    DELIVERY_ONLY = "delivery_only"
    MINIMUM_NOT_MET = "minimum_not_met"


@dataclass(frozen=True, slots=True)
class Coupon:
    """A switched-on coupon as one customer finds it now. Limits are None where there is none.

    `is_early`: its period has not begun; `is_over`: it has ended. `used` counts the live orders of everybody,
    `used_by_customer` those of this customer.
    """

    id: int
    code: str
    description: str
    discount: Discount
    minimum_total: Decimal
    usage_limit: int | None
    per_user_limit: int | None
    used: int
    used_by_customer: int
    is_early: bool
    is_over: bool


def refusal(coupon: Coupon, *, items: Decimal, fulfillment: FulfillmentType) -> CouponRefusal | None:
    """Why the coupon does not apply to a basket with items of that worth; None when it does.

    `items` counts without deposits and delivery fee. First comes what the customer cannot change.
    """
    if coupon.is_early:
        return CouponRefusal.NOT_STARTED
    if coupon.is_over:
        return CouponRefusal.EXPIRED
    if coupon.per_user_limit is not None and coupon.used_by_customer >= coupon.per_user_limit:
        return CouponRefusal.USED_UP_BY_YOU
    if coupon.usage_limit is not None and coupon.used >= coupon.usage_limit:
        return CouponRefusal.USED_UP
    if coupon.discount.kind is DiscountKind.FREE_DELIVERY and fulfillment is FulfillmentType.PICKUP:
        return CouponRefusal.DELIVERY_ONLY
    return CouponRefusal.MINIMUM_NOT_MET if items < coupon.minimum_total else None
