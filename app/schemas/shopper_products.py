"""Products as the trolley's app sees them, and how it asks for them."""

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from app.domain.enums import SoldBy
from app.schemas.catalog import LONGEST_QUERY
from app.schemas.diets import ShownFoodType
from app.schemas.envelope import Answer, Printable
from app.schemas.money import Money
from app.schemas.pagination import Page


class ShopperProduct(Answer):
    """What is sold. `price` is what it costs without the reduction, `discounted_price` what it costs now if reduced.

    Both are of a piece, and of a kilogram where `sold_by` is WEIGHT. `weight` is in grams, null for what is weighed in
    the shop. `barcode` is the first of `gtins`. `diet_warning` tells the signed-in shopper that the product has
    something of their allergies in it (`clashing_allergens`), or was looked at and does not fit how they eat
    (`clashing_food_type`); for others it is false.
    """

    product_id: int
    product_name: str
    price: Money
    discounted_price: Money | None
    barcode: str | None
    weight: int | None
    expiry: date | None
    category_id: int | None
    offer_name: str | None
    gtins: list[str]
    sold_by: SoldBy
    unit: str
    age_limit: int | None
    is_frozen: bool
    image: str | None
    diet_warning: bool
    clashing_allergens: list[str]
    clashing_food_type: str | None


class ShopperProductDetail(ShopperProduct):
    """`foodtypes`: the ways to eat it fits, empty as long as nobody has looked at it; `allergies`: its allergens."""

    foodtypes: list[ShownFoodType]
    allergies: list[str]


class ShopperSearchQuery(Page):
    query: Annotated[Printable, StringConstraints(min_length=1, max_length=LONGEST_QUERY)] = Field(
        description="A part of a name, in any case and without regard to accents, or of a barcode.", examples=["milk"]
    )
