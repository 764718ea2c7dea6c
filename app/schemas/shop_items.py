"""A vendor's items: what they are made of, and the files they come and go in."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from app.domain.enums import UploadState
from app.schemas.envelope import NOT_A_TRUTH, Answer, Instant, LenientRequest
from app.schemas.inventory import Pieces, SearchText
from app.schemas.money import Money, PositiveMoney
from app.schemas.pagination import WholePage
from app.schemas.text import BLANK_IS_NONE, Line, Paragraphs
from app.schemas.web_address import WebAddress

LONGEST_DESCRIPTION = 2000
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _iso_day(value: Any) -> Any:
    if isinstance(value, str) and not _DAY.fullmatch(value.strip()):
        raise ValueError("must be a date such as 2026-12-31")
    if not isinstance(value, str | None):
        raise ValueError("must be a date such as 2026-12-31")
    return value and value.strip()


Text20 = Annotated[Annotated[Line, StringConstraints(max_length=20)] | None, BLANK_IS_NONE]
Text50 = Annotated[Annotated[Line, StringConstraints(max_length=50)] | None, BLANK_IS_NONE]
Text100 = Annotated[Annotated[Line, StringConstraints(max_length=100)] | None, BLANK_IS_NONE]
Title = Annotated[Line, StringConstraints(min_length=1, max_length=100)]
Description = Annotated[Paragraphs, StringConstraints(max_length=LONGEST_DESCRIPTION)]
PictureAddress = Annotated[Annotated[WebAddress, StringConstraints(max_length=255)] | None, BLANK_IS_NONE]
OptionalMoney = Annotated[Money | None, BLANK_IS_NONE]
OptionalPieces = Annotated[Pieces | None, BLANK_IS_NONE]
Day = Annotated[
    date | None,
    BeforeValidator(_iso_day),
    BLANK_IS_NONE,
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}, mode="validation"),
]


class ItemDetails(LenientRequest):
    """What an item may have and may do without; an empty text counts as none."""

    brand: Text50 = None
    description: Annotated[Description | None, BLANK_IS_NONE] = None
    mrp: OptionalMoney = Field(default=None, description="The printed price, never below `price`.")
    discount: OptionalMoney = None
    quantity_in_stock: OptionalPieces = Field(default=None, description="Pieces that can be sold; 100 if not given.")
    unit: Text20 = Field(default=None, description="pcs, if not given.")
    pack_size: Text50 = None
    category: Text50 = None
    tags: Text100 = None
    sku: Text50 = Field(default=None, description="Unique in the shop; made up if not given.")
    expiry_date: Day = None
    image_url: PictureAddress = None


def mrp_below_price(price: Decimal, mrp: Decimal | None) -> bool:
    """Whether the printed price is below what the item costs, which it must not be."""
    return mrp is not None and mrp < price


class NewItem(ItemDetails):
    example: ClassVar[Mapping[str, Any]] = {
        "title": "Basmati rice",
        "price": 120,
        "mrp": 135,
        "brand": "Daawat",
        "pack_size": "1 kg",
        "category": "Grains",
        "tags": "rice,basmati",
        "quantity_in_stock": 40,
    }

    title: Title
    price: PositiveMoney

    @model_validator(mode="after")
    def _printed_price_holds(self) -> Self:
        if mrp_below_price(self.price, self.mrp):
            raise ValueError("mrp must not be below price")
        return self


class ItemChange(ItemDetails):
    """What is left out stays. An optional field given as null or an empty text is emptied; `quantity_in_stock`,
    `unit` and `sku` stay then, as do `title` and `price` given as null."""

    example: ClassVar[Mapping[str, Any]] = {"price": 115, "mrp": 135}

    title: Title | None = None
    price: PositiveMoney | None = None


class StockForm(LenientRequest):
    """Either `quantity`, the pieces that can be sold from now on, or `delta`, by how many they change."""

    example: ClassVar[Mapping[str, Any]] = {"delta": 12}

    quantity: Pieces | None = None
    delta: Annotated[int, Field(ge=-1_000_000, le=1_000_000), NOT_A_TRUTH] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.quantity is None) == (self.delta is None):
            raise ValueError("give either quantity or delta")
        return self


class ItemAdded(Answer):
    message: str
    item_id: int


class ItemToggled(Answer):
    message: str
    is_available: bool


class StockSet(Answer):
    """`reserved_quantity` belongs to open orders and cannot be sold again."""

    message: str
    quantity_in_stock: int
    reserved_quantity: int


class ItemFacts(Answer):
    """What everybody sees of an item."""

    id: int
    title: str
    brand: str | None
    price: Money
    mrp: Money | None
    discount: Money | None
    description: str
    unit: str
    pack_size: str | None
    category: str | None
    tags: str | None
    sku: str
    expiry_date: date | None
    image_url: str | None


class VendorItem(ItemFacts):
    """An item as its vendor sees it. `reserved_quantity` belongs to open orders and is not in `quantity_in_stock`."""

    quantity_in_stock: int
    reserved_quantity: int
    is_available: bool
    is_active: bool
    created_at: Instant
    updated_at: Instant


class VendorItemQuery(WholePage):
    """`q`: words, or beginnings of words, of title, brand, category or tags; or a part of the SKU."""

    q: SearchText | None = None


class UploadAccepted(Answer):
    task_id: str
    status: str = "accepted"


class UploadFault(Answer):
    """A row that was not taken, by its number in the file; the header is row 1."""

    row: int
    message: str


class UploadReport(Answer):
    """How far a file is. `total` counts its rows; `updated` are those whose SKU the shop had already."""

    task_id: str
    file_name: str
    state: UploadState
    total: int
    created: int
    updated: int
    failed: int
    errors: list[UploadFault]
