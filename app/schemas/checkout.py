"""Preview and confirm of a basket, and what comes of it."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from app.domain.enums import DiscountKind, FulfillmentType, PaymentMethod, SubstitutionPreference
from app.schemas.envelope import Answer, Printable, Request, RowId
from app.schemas.money import Money

DeliveryAddress = Annotated[
    Printable,
    StringConstraints(min_length=5, max_length=400),
    Field(examples=["12 Market Street, Haifa, 3303112"]),
]

CouponCode = Annotated[
    Printable,
    StringConstraints(min_length=1, max_length=32, to_upper=True),
    Field(examples=["WELCOME-10"], description="Upper and lower case are the same."),
]


def _delivery_if_null(value: Any) -> Any:
    return FulfillmentType.DELIVERY if value is None else value


class CheckoutRequest(Request):
    """DELIVERY comes from the delivery warehouse (`branch_id` is ignored); PICKUP needs `branch_id`.

    `delivery_date` picks one date of the weekly slot; without it the next open date is booked. `coupon_code` takes
    something off; the coupon is used up by confirm, not by preview.
    """

    cart_id: RowId
    fulfillment_type: Annotated[FulfillmentType, BeforeValidator(_delivery_if_null)] = FulfillmentType.DELIVERY
    branch_id: RowId | None = None
    delivery_slot_id: RowId | None = None
    delivery_date: date | None = None
    address: DeliveryAddress | None = None
    coupon_code: CouponCode | None = None


class PreviewRequest(CheckoutRequest):
    """Nothing is reserved by a preview."""

    example: ClassVar[Mapping[str, Any]] = {"cart_id": 1, "fulfillment_type": "DELIVERY"}


class SubstitutionWish(Request):
    """What to do if one product of the cart is not there; THIS_PRODUCT names another one in `preferred_product_id`."""

    product_id: RowId
    preference: SubstitutionPreference
    preferred_product_id: RowId | None = None

    @model_validator(mode="after")
    def _names_the_product_it_speaks_of(self) -> Self:
        if (self.preference is SubstitutionPreference.THIS_PRODUCT) != (self.preferred_product_id is not None):
            raise ValueError("preferred_product_id belongs to THIS_PRODUCT, and to nothing else")
        if self.preferred_product_id == self.product_id:
            raise ValueError("a product cannot replace itself")
        return self


DefaultWish = Literal[SubstitutionPreference.BEST_MATCH, SubstitutionPreference.REFUND]


class ConfirmRequest(CheckoutRequest):
    """`expected_total` is the total the customer saw: a different one at confirm is refused with PRICE_CHANGED.

    `substitutions` says for single products what to do if they are not there, `default_substitution` for all others.
    """

    example: ClassVar[Mapping[str, Any]] = {
        "cart_id": 1,
        "payment_token_id": 1,
        "fulfillment_type": "DELIVERY",
        "delivery_slot_id": 1,
        "address": "12 Market Street, Haifa, 3303112",
    }

    payment_method: ClassVar = PaymentMethod.CARD
    notes: ClassVar[str | None] = None

    payment_token_id: RowId
    save_as_default: bool = False
    expected_total: Money | None = None
    default_substitution: DefaultWish = SubstitutionPreference.BEST_MATCH
    substitutions: list[SubstitutionWish] = Field(default=[], max_length=200)

    @model_validator(mode="after")
    def _one_wish_for_a_product(self) -> Self:
        if len({wish.product_id for wish in self.substitutions}) < len(self.substitutions):
            raise ValueError("substitutions names a product twice")
        return self


class MissingItem(Answer):
    product_id: int
    requested_quantity: int
    available_quantity: int


class AppliedDiscount(Answer):
    """What one coupon takes off."""

    kind: DiscountKind
    code: str
    description: str
    amount: Money


class PreviewAnswer(Answer):
    """Today's prices. `total` = cart_total + deposit_total + delivery_fee - discount_total; tax_total is inside it.

    `authorization_amount` is what the card will be asked to hold: more than `total` where weighed goods may cost more.
    `changed_prices` lists the products whose price differs from the one in the cart.
    """

    cart_total: Money
    deposit_total: Money
    delivery_fee: Money | None
    discount_total: Money
    discounts: list[AppliedDiscount]
    tax_total: Money
    total: Money
    authorization_amount: Money
    currency: str
    missing_items: list[MissingItem]
    changed_prices: list[int]
    fulfillment_type: FulfillmentType


class ConfirmAnswer(Answer):
    """The paid order. `total_paid` is its total; weighed goods are settled when picked.

    An order that a coupon makes free has no payment, so its `payment_reference` is null.
    """

    order_id: int
    order_number: str
    total_paid: Money
    payment_reference: str | None


class PendingAnswer(Answer):
    """The provider has not answered yet: the order is placed, its payment undecided. Poll the order."""

    order_id: int
    order_number: str
    state: Literal["pending_payment"] = "pending_payment"
    poll: str


class CancelAnswer(Answer):
    """`canceled_at` is null while the provider has yet to confirm that nothing will be charged."""

    order_id: int
    canceled_at: str | None
    status: str
