"""When a coupon may be used."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.domain.coupons import Coupon, CouponRefusal, refusal
from app.domain.discounts import Discount
from app.domain.enums import DiscountKind, FulfillmentType

PICKUP, DELIVERY = FulfillmentType.PICKUP, FulfillmentType.DELIVERY
FREE_DELIVERY = Discount(DiscountKind.FREE_DELIVERY, Decimal(0))
COUPON = Coupon(
    id=1,
    code="TEN",
    description="10 % off",
    discount=Discount(DiscountKind.PERCENT, Decimal(10)),
    minimum_total=Decimal("50.00"),
    usage_limit=10,
    per_user_limit=2,
    used=9,
    used_by_customer=1,
    is_early=False,
    is_over=False,
)


def why(items: str = "50.00", fulfillment: FulfillmentType = DELIVERY, **changed: Any) -> CouponRefusal | None:
    return refusal(replace(COUPON, **changed), items=Decimal(items), fulfillment=fulfillment)


def test_a_coupon_applies_up_to_its_last_use_and_from_its_minimum_on() -> None:
    assert why() is None
    assert why(fulfillment=PICKUP) is None


def test_a_coupon_without_limits_always_applies() -> None:
    assert why("0.00", minimum_total=Decimal(0), usage_limit=None, per_user_limit=None, used=10**6) is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"is_early": True}, "not_started"),
        ({"is_over": True}, "expired"),
        ({"used": 10}, "used_up"),
        ({"used": 11}, "used_up"),
        ({"used_by_customer": 2}, "used_up_by_you"),
        ({"items": "49.99"}, "minimum_not_met"),
        ({"discount": FREE_DELIVERY, "fulfillment": PICKUP}, "delivery_only"),
    ],
)
def test_a_refusal_names_its_reason(changed: dict[str, Any], reason: str) -> None:
    assert why(**changed) == reason


def test_free_delivery_applies_to_a_delivery() -> None:
    assert why(discount=FREE_DELIVERY) is None


def test_what_the_customer_cannot_change_is_named_first() -> None:
    assert why("0.00", used=10, used_by_customer=2, is_over=True) is CouponRefusal.EXPIRED
    assert why("0.00", used=10, used_by_customer=2) is CouponRefusal.USED_UP_BY_YOU
    assert why("0.00", used=10) is CouponRefusal.USED_UP
