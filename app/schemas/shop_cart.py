"""The basket for one vendor's shop."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, WithJsonSchema

from app.domain.carts import MOST_UNITS_AT_SHOP
from app.schemas.carts import Sum
from app.schemas.envelope import NOT_A_TRUTH, Answer, LenientRequest, RowId
from app.schemas.money import Money


def _a_number(value: Any) -> Any:
    if isinstance(value, (str, bytes)):
        raise ValueError("must be a number")
    return value


Units = Annotated[
    int,
    BeforeValidator(_a_number),
    NOT_A_TRUTH,
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_UNITS_AT_SHOP, "examples": [2]}),
]
"""Of one item: a number, not the text of one (contract, section 1.1). The bounds are checked by the service, which
says in the contract's words what is wrong."""


class AddToShopCart(LenientRequest):
    """`quantity` joins what is there already; ten units of an item are the most."""

    example: ClassVar[Mapping[str, Any]] = {"item_id": 12, "quantity": 2}

    item_id: RowId | None = None
    quantity: Units = 1


class UpdateShopCart(LenientRequest):
    """`quantity` is what the line shall hold."""

    example: ClassVar[Mapping[str, Any]] = {"item_id": 12, "quantity": 3}

    item_id: RowId | None = None
    quantity: Units | None = None


class RemoveFromShopCart(LenientRequest):
    example: ClassVar[Mapping[str, Any]] = {"item_id": 12}

    item_id: RowId | None = None


class ShopCartLine(Answer):
    """A line at today's price. `title` and `name` repeat `item_name`.

    `savings` is what `mrp` would cost more for all units. `available`: the shop can sell all of them now.
    """

    id: int
    item_id: int
    item_name: str
    title: str
    name: str
    brand: str | None
    image_url: str | None
    available: bool
    available_quantity: int
    price: Money
    mrp: Money | None
    savings: Sum
    quantity: int
    unit: str
    pack_size: str | None
    subtotal: Sum
    shop_id: int
    shop_name: str


class CartShop(Answer):
    """The shop the basket is for. `minimum_order` is what the items must come to, without `delivery_fee`."""

    id: int
    name: str
    is_open: bool
    minimum_order: Money
    delivery_fee: Money


class ShopCartAnswer(Answer):
    """`total_price` adds up the lines without the delivery fee; an empty basket has no `shop`."""

    cart: list[ShopCartLine]
    total_price: Sum
    total_savings: Sum
    shop: CartShop | None
