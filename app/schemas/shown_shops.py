"""Vendors' shops and their items as consumers see them."""

from typing import Annotated, Literal

from pydantic import Field

from app.schemas.envelope import Answer, PageMeta, Printable
from app.schemas.inventory import SearchText
from app.schemas.money import Money, Number
from app.schemas.pagination import WholePage
from app.schemas.shop_items import ItemFacts
from app.schemas.shops import OpenInterval

Area = Literal["society", "city"]


class ShopQuery(WholePage):
    """Shops near the caller; an unknown `status` filters nothing."""

    status: Annotated[Printable, Field(max_length=20)] | None = Field(
        default=None, description="open or closed, at this moment."
    )
    type: SearchText | None = Field(default=None, description="A part of shop_type.")
    tag: list[SearchText] = Field(
        default=[], max_length=20, description="Parts of category_tags, all of which must be there; may be repeated."
    )
    area: Area = Field(
        default="society", description="society: of your society; city: also those of your city that deliver."
    )


class ShopSearchQuery(WholePage):
    """`q`: a part of a shop's name or type, or words (or beginnings of words) of its items."""

    q: SearchText | None = None
    area: Area = "society"


class ShownShop(Answer):
    """`is_open`: at this moment, by switch, hours and holidays. `rating` is null as long as nobody has rated."""

    id: int
    shop_name: str
    shop_type: str
    description: str
    is_open: bool
    delivers: bool
    appointment_only: bool
    category_tags: str
    logo_url: str | None
    featured: bool
    verified: bool
    city: str
    society: str
    rating: Number | None
    rating_count: int


class ShopWithItems(ShownShop):
    """A shop whose items are shown. Without `weekly_hours` it is open all day."""

    phone: str | None
    minimum_order: Money
    delivery_fee: Money
    weekly_hours: list[OpenInterval]


class ShownItem(ItemFacts):
    in_stock: bool


class ShopItems(Answer):
    shop: ShopWithItems
    items: list[ShownItem]
    pagination: PageMeta


class ShopItemQuery(WholePage):
    """Items of one shop: of a category, or with words (or beginnings of words) in title, brand, category or tags."""

    q: SearchText | None = None
    category: SearchText | None = None
