"""Coupons as managers make and watch them."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from app.domain.amounts import NOTHING
from app.domain.enums import DiscountKind
from app.schemas.envelope import NOT_A_TRUTH, Answer, Instant, Listed, Request
from app.schemas.money import Money, PositiveMoney
from app.schemas.pagination import Page
from app.schemas.text import Line


def _upper(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


NewCode = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9-]{3,32}$"), BeforeValidator(_upper), Field(examples=["WELCOME-10"])
]
CouponText = Annotated[Line, StringConstraints(min_length=1, max_length=200)]
Uses = Annotated[int, Field(ge=1, le=2**31 - 1), NOT_A_TRUTH]


class CouponRules(Request):
    """What a coupon takes off, for whom and when.

    `value` is percent of the items for PERCENT (then `max_discount` may cap it), an amount of money for AMOUNT, and 0
    for FREE_DELIVERY. `minimum_total` is what the items must come to. Limits and times left out do not limit.
    """

    description: CouponText
    kind: DiscountKind
    value: Money = NOTHING
    max_discount: PositiveMoney | None = None
    minimum_total: Money = NOTHING
    usage_limit: Uses | None = None
    per_user_limit: Uses | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None

    @model_validator(mode="after")
    def _value_fits_kind(self) -> Self:
        if self.kind is DiscountKind.PERCENT and not 0 < self.value <= 100:
            raise ValueError("value must be above 0 and at most 100 for PERCENT")
        if self.kind is DiscountKind.AMOUNT and not self.value:
            raise ValueError("value must be above 0 for AMOUNT")
        if self.kind is DiscountKind.FREE_DELIVERY and self.value:
            raise ValueError("value must be 0 for FREE_DELIVERY")
        if self.kind is not DiscountKind.PERCENT and self.max_discount is not None:
            raise ValueError("max_discount belongs to PERCENT")
        return self

    @model_validator(mode="after")
    def _period_in_order(self) -> Self:
        if self.starts_at and self.ends_at and self.starts_at >= self.ends_at:
            raise ValueError("starts_at must be before ends_at")
        return self


class NewCoupon(CouponRules):
    """`code` is kept in upper case."""

    example: ClassVar[Mapping[str, Any]] = {
        "code": "WELCOME-10",
        "description": "10 % off the first order",
        "kind": "PERCENT",
        "value": 10,
        "per_user_limit": 1,
    }

    code: NewCode


class CouponChange(Request):
    """What is left out stays; null takes a limit or a time away. The code stays what it is."""

    example: ClassVar[Mapping[str, Any]] = {"usage_limit": 500, "ends_at": "2036-12-31T22:00:00+02:00"}

    description: CouponText = ""
    kind: DiscountKind = DiscountKind.PERCENT
    value: Money = NOTHING
    max_discount: PositiveMoney | None = None
    minimum_total: Money = NOTHING
    usage_limit: Uses | None = None
    per_user_limit: Uses | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None


class CouponQuery(Page):
    """`q` is looked for in codes and descriptions."""

    q: Annotated[Line, StringConstraints(max_length=200)] | None = None
    is_active: bool | None = None


class CouponAnswer(Answer):
    """`used_count` counts the live orders with this coupon; an order cancelled gives its use back."""

    id: int
    code: str = Field(examples=["WELCOME-10"])
    description: str
    kind: DiscountKind
    value: Money
    max_discount: Money | None
    minimum_total: Money
    usage_limit: int | None
    per_user_limit: int | None
    used_count: int
    starts_at: Instant | None
    ends_at: Instant | None
    is_active: bool
    created_at: Instant
    updated_at: Instant


class CouponList(Listed[CouponAnswer]):
    pass


class CouponDetail(CouponAnswer):
    """With what it was used for: customers who hold a use, and what was taken off their live orders in all."""

    customers: int
    discount_total: Money
    orders_total: Money
