"""Carts: what is asked of them and how they look."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import Field, PlainSerializer, WithJsonSchema, field_validator

from app.domain.carts import LARGEST_QUANTITY, MOST_LINES, Refusal
from app.domain.enums import ChannelName, SoldBy
from app.schemas.envelope import NOT_A_TRUTH, Answer, Request, RowId
from app.schemas.money import Money, money_number

CART_TOKEN = "^[A-Za-z0-9_-]{43}$"  # noqa: S105 (the form of a token, not one)

Quantity = Annotated[int, Field(ge=1, le=LARGEST_QUANTITY, examples=[2]), NOT_A_TRUTH]
Sum = Annotated[
    Decimal,
    PlainSerializer(money_number, return_type=float, when_used="json"),
    WithJsonSchema({"type": "number", "minimum": 0, "examples": [25.8]}),
]
"""A sum of amounts; unlike a single price it has no upper bound."""


class AddItemRequest(Request):
    example: ClassVar[Mapping[str, Any]] = {"product_id": 5, "quantity": 2}

    product_id: RowId
    quantity: Quantity


class SetItemRequest(Request):
    """`product_id` must be sent, as older clients do, and is ignored: the address names the line."""

    example: ClassVar[Mapping[str, Any]] = {"product_id": 5, "quantity": 3}

    product_id: RowId
    quantity: Quantity


class WantedLine(Request):
    """`quantity` is what the cart shall hold; 0 removes the line."""

    product_id: RowId
    quantity: Annotated[int, Field(ge=0, le=LARGEST_QUANTITY), NOT_A_TRUTH]


class SetItemsRequest(Request):
    """Each product at most once; products not named stay as they are."""

    example: ClassVar[Mapping[str, Any]] = {
        "items": [{"product_id": 5, "quantity": 2}, {"product_id": 7, "quantity": 1}]
    }

    items: Annotated[list[WantedLine], Field(min_length=1, max_length=MOST_LINES)]

    @field_validator("items")
    @classmethod
    def _each_once(cls, items: list[WantedLine]) -> list[WantedLine]:
        seen = [item.product_id for item in items]
        if len(set(seen)) < len(seen):
            raise ValueError("must name each product once")
        return items


class MergeCartRequest(Request):
    """`cart_token` is the guest's, as POST /cart/guest gave it."""

    example: ClassVar[Mapping[str, Any]] = {"cart_token": "the-token-of-the-guest-cart-000000000000000"}

    cart_token: Annotated[
        str, Field(min_length=1, max_length=200, examples=["q1r9Zc0T2bXo-8yHk5fW_a7Lm3Ns4Pd6Ue0Vg1Ji2Qw"])
    ]


class CartLine(Answer):
    """`unit_price` is the price of one piece when the line was last added to; `price_changed` says it is another today.

    `line_total` and `deposit` are for the whole line. `available` counts the pieces the delivery branch can sell now.
    """

    id: int
    product_id: int
    product_name: str
    product_image: str | None
    quantity: int
    unit_price: Money
    line_total: Sum
    unit: str
    sold_by: SoldBy
    estimated_weight_grams: int | None
    deposit: Sum
    available: int
    price_changed: bool


class CartAnswer(Answer):
    """`total_amount` adds up the lines without deposits; `items_count` counts the lines. A guest has no `user_id`."""

    id: int
    user_id: int | None
    channel: ChannelName
    currency: str
    items: list[CartLine]
    items_count: int
    total_amount: Sum
    deposit_total: Sum


class GuestCart(Answer):
    """Keep `cart_token` and send it as X-Cart-Token; it is shown only here."""

    cart_token: Annotated[str, Field(pattern=CART_TOKEN)]
    cart: CartAnswer


class LeftOutLine(Answer):
    """Pieces that did not get into the cart, and why."""

    product_id: int
    product_name: str
    quantity: int
    reason: Refusal


class MergedCart(Answer):
    cart: CartAnswer
    left_out: list[LeftOutLine]
