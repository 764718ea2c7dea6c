"""A shopper's trolley: pairing, the basket in it, the way to the till."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from app.domain.enums import TrolleyState, WeightState
from app.schemas.envelope import NOT_A_TRUTH, Answer, Instant, LenientRequest, Printable, Request, RowId
from app.schemas.money import Money
from app.schemas.shopper_products import ShopperProduct

TypedCode = Annotated[Printable, StringConstraints(min_length=1, max_length=40), Field(examples=["7K3M9Q"])]
"""Six characters from a trolley's display. Case, spaces and hyphens do not matter; I and L are read as 1, O as 0."""


class PairForm(Request):
    example: ClassVar[Mapping[str, Any]] = {"code": "7K3M9Q"}

    code: TypedCode


class ConnectForm(Request):
    """`cart_id` is the number on the trolley's sticker."""

    example: ClassVar[Mapping[str, Any]] = {"cart_id": 1}

    cart_id: RowId


class TransferForm(Request):
    """Exactly one of the two: the number on the other trolley's sticker, or the code on its display."""

    example: ClassVar[Mapping[str, Any]] = {"trolley": 2}

    trolley: RowId | None = None
    code: TypedCode | None = None

    @model_validator(mode="after")
    def _names_one_trolley(self) -> Self:
        if (self.trolley is None) == (self.code is None):
            raise ValueError("send either trolley or code")
        return self


class TrolleyProductForm(Request):
    example: ClassVar[Mapping[str, Any]] = {"product_id": 1}

    product_id: RowId


Kilograms = Annotated[float, Field(ge=-1000, le=10_000, allow_inf_nan=False, examples=[0.517]), NOT_A_TRUTH]


class FirstScanForm(LenientRequest):
    """`cart_id` is the number on the trolley's sticker; `weight` what the whole basket weighs now."""

    example: ClassVar[Mapping[str, Any]] = {"cart_id": 1, "product_id": 5, "weight": 0.517}

    cart_id: RowId
    product_id: RowId
    weight: Kilograms


class FirstWeighingForm(LenientRequest):
    """`cart_id` is the number on the trolley's sticker; `weight` what all pieces of the product weigh together."""

    example: ClassVar[Mapping[str, Any]] = {"cart_id": 1, "barcode": "8901234567890", "weight": 1.03}

    cart_id: RowId
    barcode: Annotated[Printable, StringConstraints(min_length=1, max_length=40)]
    weight: Kilograms


class CartView(Request):
    """`after` is the version the app has: if it is still the newest, the answer is a 304 without a body."""

    after: int | None = Field(default=None, ge=0, le=2**31 - 1)


class ConnectedTrolley(Answer):
    """`cart_id` is the basket, to be used in all other requests; `trolley` the number on the sticker."""

    cart_id: int
    session_id: int
    user_id: int
    trolley: int
    label: str
    branch_id: int
    state: TrolleyState
    version: int
    message: str


class PendingTrolley(Answer):
    """Press the button on the trolley before `expires_at`; then it is yours, and GET /carts/current shows it."""

    trolley: int
    user_id: int
    state: Literal["pending"] = "pending"
    expires_at: Instant
    expires_in: int
    message: str


class KnownTrolley(Answer):
    """A trolley by the number on its sticker. `is_free`: nobody has it, and it is ready for a shopper."""

    trolley: int
    label: str
    branch_id: int
    is_free: bool
    is_mine: bool


class ShopperToken(Answer):
    """What to show as a QR code to the trolley's scanner; good once, for `expires_in` seconds."""

    token: str
    expires_at: Instant
    expires_in: int


class TrolleyLine(Answer):
    """Goods sold by weight are one line: `quantity` 1, `weight_grams` in all, `unit_price` what these grams cost.

    Prices are today's. `price` is without reductions; both it and `line_total` are of the whole line, deposits apart.
    """

    cart_items_id: int
    cart_id: int
    product_id: int
    quantity: int
    weight_grams: int | None
    unit_price: Money
    price: Money
    line_total: Money
    deposit: Money
    product: ShopperProduct


class TrolleyCart(Answer):
    """What is in a trolley at today's prices.

    `total_price` is without reductions, `discounted_price` with them; `total_amount` adds the deposits and is what the
    checkout takes. Weights in grams: `total_weight` is what the lines should weigh, `gross_weight` what the scale said
    last, the trolley's own `baseline_weight` included. `diet_warning`: some line has one.
    """

    cart_id: int
    session_id: int
    user_id: int
    trolley: int
    label: str
    branch_id: int
    state: TrolleyState
    version: int
    items: list[TrolleyLine]
    items_count: int
    total_products: int
    total_price: Money
    discounted_price: Money
    deposit_total: Money
    total_amount: Money
    currency: str
    total_weight: int
    gross_weight: int | None
    baseline_weight: int
    weight_state: WeightState
    needs_check: bool
    diet_warning: bool
    order_id: int | None
    opened_at: Instant


class ChangedLine(Answer):
    """The line after the change; gone where `quantity` is 0."""

    message: str
    cart_id: int
    product_id: int
    quantity: int
    weight_grams: int | None
    unit_price: Money
    version: int


class TrolleyStanding(Answer):
    cart_id: int
    session_id: int
    trolley: int
    state: TrolleyState
    version: int


class LeftTrolley(Answer):
    message: str
    cart_id: int
    session_id: int
    trolley: int


class HandoffCodeAnswer(Answer):
    """Twenty digits to show as a bar code at a till; good once. A newer code replaces it."""

    code: str
    expires_at: Instant
    expires_in: int
    cart_id: int
    version: int


class ExitToken(Answer):
    """To show at the exit; a newer one replaces it."""

    exit_token: str
    cart_id: int
    session_id: int
    trolley: int
    order_id: int


class TrolleyPlace(Answer):
    """Where a trolley was last. `x_coord` and `y_coord` are in cells of the branch's layout, as its sections are."""

    cart_id: int
    trolley: int
    branch_id: int
    floor: int
    x_cm: int
    y_cm: int
    x_coord: float
    y_coord: float
    section_id: int | None
    section_name: str | None
    updated_at: Instant


class CheckedOut(Answer):
    """The paid order. `total_price` is what the goods cost, `discounted_price` what was paid for them in all."""

    order_id: int
    order_number: str
    user_id: int
    total_products: int
    total_price: Money
    discounted_price: Money
    message: str


class BoughtLine(Answer):
    """`price` of a piece; `discounted_price` where something was taken off it."""

    product_id: int
    product_name: str
    quantity: int
    price: Money
    discounted_price: Money | None


class BoughtBasket(Answer):
    order_id: int
    order_number: str
    user_id: int
    total_products: int
    total_price: Money
    discounted_price: Money
    created_at: Instant
    items: list[BoughtLine]
