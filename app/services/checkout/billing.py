"""What a basket comes to for one customer, coupon and all: the same sum for preview and confirm."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.config import settings
from app.domain.amounts import NOTHING
from app.domain.coupons import Coupon, CouponRefusal, refusal
from app.domain.pricing import Totals, total_up
from app.schemas.checkout import AppliedDiscount
from app.schemas.money import LARGEST, money_number
from app.services.checkout.any_context import AnyContext
from app.services.checkout.basket import BasketLine
from app.services.checkout.errors import CouponNotApplicable, TotalTooLarge


@dataclass(frozen=True, slots=True)
class Bill:
    """The totals, and the coupon that is part of them."""

    totals: Totals
    coupon: Coupon | None

    @property
    def used_coupon(self) -> Coupon | None:
        """The coupon that this purchase uses up: not one that takes nothing off, such as a fee where there is none."""
        return self.coupon if self.totals.discount else None

    @property
    def discounts(self) -> list[AppliedDiscount]:
        """Each discount as a line to show."""
        if self.coupon is None:
            return []
        coupon, amount = self.coupon, self.totals.discount
        return [
            AppliedDiscount(kind=coupon.discount.kind, code=coupon.code, description=coupon.description, amount=amount)
        ]


def bill(context: AnyContext, lines: Sequence[BasketLine]) -> Bill:
    """Add up a basket, less the coupon asked for. Raises CouponNotFound, CouponNotApplicable, TotalTooLarge."""
    priced = [line.priced for line in lines]
    fulfillment = context.form.fulfillment_type
    coupon = context.coupon()
    if coupon is not None:
        items = sum((line.line_total for line in priced), NOTHING)
        if why := refusal(coupon, items=items, fulfillment=fulfillment):
            raise not_applicable(why, coupon)
    discount = coupon.discount if coupon else None
    buffer = settings().weighed_buffer_percent if context.policy.weighs_later else 0
    totals = total_up(priced, fulfillment, context.tariff, buffer, discount)
    if max(totals.items, totals.authorization) > LARGEST:
        raise TotalTooLarge
    return Bill(totals, coupon)


def not_applicable(why: CouponRefusal, coupon: Coupon) -> CouponNotApplicable:
    """The refusal with its reason, and with the minimum where that is the reason."""
    details: dict[str, Any] = {"reason": why.value}
    if why is CouponRefusal.MINIMUM_NOT_MET:
        details["minimum"] = money_number(coupon.minimum_total)
    return CouponNotApplicable(details=details)
