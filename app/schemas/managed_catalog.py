"""Categories, products and their pictures as managers edit them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from app.domain.enums import SoldBy
from app.domain.gtin import InvalidGtin, normalise_gtin
from app.domain.import_rows import LARGEST_WHOLE, LONGEST_ALLERGEN, LONGEST_NAME, LONGEST_TEXT
from app.schemas.catalog import Category, Product, Typed
from app.schemas.envelope import NOT_A_TRUTH, Answer, Instant, Listed, Request, RowId
from app.schemas.money import Money
from app.schemas.pagination import Page
from app.schemas.text import Line, Paragraphs

LARGEST_PRICE = 100_000
"""Ten times what the contract asks for; the import takes what the column holds."""

_BELOW_100 = r"^[0-9]{1,2}(\.[0-9]{1,2})?$"
_UP_TO_99999 = r"^[0-9]{1,5}(\.[0-9]{1,2})?$"
_ABOVE_ZERO = rf"^(?!0+(\.0+)?$){_UP_TO_99999[1:]}"

MOST_IMAGES = 10
MOST_ALLERGENS = 50
MOST_NUTRIENTS = 100
MOST_GTINS = 20


def _gtin(code: str) -> str:
    try:
        gtin = normalise_gtin(code)
    except InvalidGtin as error:
        raise ValueError(f"is no barcode: {error}") from None
    if not gtin.strip("0"):
        raise ValueError("is no barcode: it is all zeros")
    return gtin


def _described(text: str, **bounds: int) -> WithJsonSchema:
    """The document's words for an amount within bounds: a number, or a string of the pattern `text`."""
    number = {"type": "number", "multipleOf": 0.01, **bounds}
    return WithJsonSchema({"anyOf": [number, {"type": "string", "pattern": text}]})


def _anything_but_false(value: Any) -> bool:
    return str(value).strip().lower() != "false"


CategoryName = Annotated[Line, StringConstraints(min_length=2, max_length=50)]
CategoryText = Annotated[Paragraphs, StringConstraints(max_length=300)]
IconSlug = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern="^[A-Za-z0-9_-]+$")]

ProductName = Annotated[Line, StringConstraints(min_length=2, max_length=LONGEST_NAME)]
Sku = Annotated[Line, StringConstraints(min_length=2, max_length=64)]
Price = Annotated[
    Money, Field(gt=0, le=LARGEST_PRICE), _described(_ABOVE_ZERO, exclusiveMinimum=0, maximum=LARGEST_PRICE)
]
Amount = Annotated[Money, Field(le=LARGEST_PRICE), _described(_UP_TO_99999, minimum=0, maximum=LARGEST_PRICE)]
TaxRate = Annotated[Money, Field(lt=100), _described(_BELOW_100, minimum=0, exclusiveMaximum=100)]
"""In percent."""
LongText = Annotated[Paragraphs, StringConstraints(max_length=LONGEST_TEXT)]
Brand = Annotated[Line, StringConstraints(min_length=1, max_length=120)]
Short = Annotated[Line, StringConstraints(min_length=1, max_length=32)]
Grams = Annotated[int, Field(ge=1, le=LARGEST_WHOLE), NOT_A_TRUTH]
Age = Annotated[int, Field(ge=1, le=99), NOT_A_TRUTH]
Allergen = Annotated[Line, StringConstraints(min_length=1, max_length=LONGEST_ALLERGEN, to_lower=True)]
Allergens = Annotated[list[Allergen], Field(max_length=MOST_ALLERGENS)]
NutrientName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern="^[a-z0-9_]+$")]
Nutrient = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False), NOT_A_TRUTH]
Nutrition = Annotated[
    dict[NutrientName, Nutrient], Field(max_length=MOST_NUTRIENTS, json_schema_extra={"additionalProperties": False})
]
Gtin = Annotated[str, StringConstraints(strip_whitespace=True, max_length=30), AfterValidator(_gtin)]
Gtins = Annotated[list[Gtin], Field(max_length=MOST_GTINS)]


class NewCategory(Request):
    example: ClassVar[Mapping[str, Any]] = {"name": "Fruit & vegetables", "icon_slug": "carrot"}

    name: CategoryName
    description: CategoryText | None = None
    parent_id: RowId | None = None
    icon_slug: IconSlug | None = None


class CategoryChange(Request):
    """What is left out stays. Null empties a field that may be empty: without parent a category is a root."""

    example: ClassVar[Mapping[str, Any]] = {"name": "Fruit & vegetables", "description": "Fresh every morning"}

    name: CategoryName | None = None
    description: CategoryText | None = None
    parent_id: RowId | None = None
    icon_slug: IconSlug | None = None


class ManagedCategoryQuery(Page):
    is_active: bool | None = None


class CategoryPage(Listed[Category]):
    pass


class ProductDetails(Request):
    """What a product may have or not, in the units of the answers: grams, years, the shop's currency.

    `weight_tolerance_grams` is how far a piece may be off its weight in a trolley; without it a rule decides.
    """

    description: LongText | None = None
    brand: Brand | None = None
    compare_at_price: Amount | None = None
    weight_grams: Grams | None = None
    estimated_weight_grams: Grams | None = None
    weight_tolerance_grams: Grams | None = None
    age_limit: Age | None = None
    ingredients: LongText | None = None
    nutritional_info: Nutrition | None = None
    bin_location: Short | None = None


class NewProduct(ProductDetails):
    """Sold by WEIGHT, `price` is per kilogram and `estimated_weight_grams` is required."""

    example: ClassVar[Mapping[str, Any]] = {
        "name": "Olive oil 750 ml",
        "sku": "OLIVE-OIL-750-ML-4711",
        "price": 39.9,
        "category_id": 1,
    }

    name: ProductName
    sku: Sku
    price: Price
    category_id: RowId
    unit: Short = "each"
    sold_by: SoldBy = SoldBy.PIECE
    tax_rate: TaxRate = Decimal(0)
    deposit: Amount = Decimal(0)
    is_organic: bool = False
    is_frozen: bool = False
    allergens: Allergens = Field(default_factory=list)
    gtins: Gtins = Field(default_factory=list)


class ProductChange(ProductDetails):
    """What is left out stays. Null empties a field that may be empty. `gtins` replaces all barcodes."""

    example: ClassVar[Mapping[str, Any]] = {"name": "Olive oil 1 l", "price": 49.9}

    name: ProductName | None = None
    sku: Sku | None = None
    price: Price | None = None
    category_id: RowId | None = None
    unit: Short | None = None
    sold_by: SoldBy | None = None
    tax_rate: TaxRate | None = None
    deposit: Amount | None = None
    is_organic: bool | None = None
    is_frozen: bool | None = None
    allergens: Allergens | None = None
    gtins: Gtins | None = None


class LenientActiveQuery(Request):
    """Anything but `false` activates, as older clients of this call rely on."""

    active: Annotated[bool, BeforeValidator(_anything_but_false), WithJsonSchema({"type": "string"})] = True


class ManagedProductQuery(Page):
    q: Typed | None = Field(
        default=None, description="Words or beginnings of words (typos are forgiven), a barcode or a whole SKU."
    )
    category_id: RowId | None = Field(default=None, description="With everything below it in the tree.")
    is_active: bool | None = None


class ManagedProduct(Product):
    """A product with its sale, what trolleys need of it, and when it was made and last changed.

    `price` is the ordinary price here, also during a sale; `piece_price` is what a piece costs now.
    """

    created_at: Instant
    updated_at: Instant
    sale_price: Money | None
    sale_starts_at: Instant | None
    sale_ends_at: Instant | None
    weight_tolerance_grams: int | None
    is_frozen: bool


class ManagedProductList(Listed[ManagedProduct]):
    """`meta.total` is exact up to 1,000, and absent above that and on pages reached by cursor."""


class PlaceQuery(Request):
    first: bool = Field(default=False, description="Put the picture before the others: lists show the first one.")


class UploadedImage(Answer):
    """The stored picture, and the product's pictures in order."""

    digest: str
    url: str
    thumbnail_url: str
    width: int
    height: int
    image_urls: list[str]


class ImageOrder(Request):
    """The product's pictures in their new order, by address or digest; those left out are taken off."""

    example: ClassVar[Mapping[str, Any]] = {"images": []}

    images: list[Annotated[str, StringConstraints(min_length=1, max_length=2000)]] = Field(max_length=100)


class ProductImages(Answer):
    product_id: int
    image_urls: list[str]
