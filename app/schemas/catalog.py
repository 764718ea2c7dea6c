"""Categories and products as shoppers see them, and how they ask for them."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from app.domain.enums import ProductSort, SoldBy
from app.schemas.envelope import Answer, Listed, PageMeta, Printable, Request, RowId
from app.schemas.money import Money, Number
from app.schemas.pagination import ANY_NUMBER, LARGEST_PAGE, LenientOffset, LenientPage, OptionalId, Page

DEFAULT_SHORT = 10
LONGEST_QUERY = 200
FACETED = 10_000

Typed = Annotated[Printable, StringConstraints(max_length=LONGEST_QUERY), Field(examples=["chocolate"])]


def _lenient_ten(value: Any) -> Any:
    """The short lists show ten rows where the number is missing or bad, and never more than 200."""
    try:
        return min(int(str(value)) or DEFAULT_SHORT, LARGEST_PAGE)
    except ValueError:
        return DEFAULT_SHORT


ShortLimit = Annotated[int, BeforeValidator(_lenient_ten), Field(ge=1), ANY_NUMBER]


class Category(Answer):
    id: int
    parent_id: int | None = None
    name: str
    icon_slug: str | None
    description: str | None
    is_active: bool


class CategoryNode(Category):
    children: list["CategoryNode"]


class Product(Answer):
    """What is sold. `price` includes tax; for `sold_by` WEIGHT it is per kilogram and `piece_price` is the estimate.

    `available_quantity` counts pieces over all active branches; the branch fields are null when no branch was named.
    """

    id: int
    name: str
    sku: str
    brand: str | None
    description: str | None
    category_id: int
    category_name: str
    price: Money
    old_price: Money | None
    compare_at_price: Money | None
    piece_price: Money
    currency: str
    deposit: Money
    tax_rate: Number
    sold_by: SoldBy
    unit: str
    weight_grams: int | None
    estimated_weight_grams: int | None
    is_organic: bool
    age_limit: int | None
    ingredients: str | None
    allergens: list[str]
    nutritional_info: dict[str, Any] | None
    gtins: list[str]
    image_url: str | None
    image_urls: list[str]
    bin_location: str | None
    is_active: bool
    in_stock_anywhere: bool
    in_stock_for_branch: bool | None
    available_quantity: int
    branch_available_quantity: int | None
    rating_average: Number | None
    rating_count: int


class CategoryCount(Answer):
    category_id: int
    name: str
    count: int


class PriceBand(Answer):
    """Products from `min_price` up to, and not including, `max_price`; null means without end."""

    min_price: Money
    max_price: Money | None
    count: int


class Facets(Answer):
    """How the matches divide; counted over at most the first 10,000 of them."""

    categories: list[CategoryCount]
    price_bands: list[PriceBand]
    organic: int
    in_stock: int


class CatalogMeta(PageMeta):
    """`total` is exact up to 1,000, and absent above that and on pages reached by cursor."""

    facets: Facets | None = None


class ProductList(Listed[Product]):
    meta: CatalogMeta


class CategoryQuery(LenientPage):
    pass


class CategoryProductsQuery(LenientPage):
    branch_id: OptionalId = None
    sort: ProductSort = ProductSort.ID


class SearchQuery(Page):
    """Sorted by relevance when `q` is given and no sort is named, else newest first."""

    q: Typed | None = Field(
        default=None,
        description="Words, beginnings of words (typos are forgiven), a barcode or the id of a category.",
    )
    min_price: Money | None = None
    max_price: Money | None = None
    sort: ProductSort | None = None
    category_id: RowId | None = Field(default=None, description="With everything below it in the tree.")
    branch_id: RowId | None = None
    brand: Typed | None = None
    in_stock: bool | None = Field(default=None, description="In the named branch, else in any.")
    organic_only: bool = False
    facets: bool = Field(default=False, description="Also count the matches by category, price, organic and stock.")


class FeaturedQuery(LenientPage):
    limit: ShortLimit = DEFAULT_SHORT
    branch_id: OptionalId = None


class AutocompleteQuery(Request):
    q: Typed = ""
    limit: ShortLimit = DEFAULT_SHORT
    offset: LenientOffset = 0


class ProductQuery(Request):
    branch_id: OptionalId = None


class NamedProduct(Answer):
    id: int
    name: str


class Suggestions(Answer):
    """`words` completes the last word typed; `items` are products that match."""

    items: list[NamedProduct]
    words: list[str]
    total: int
    limit: int
    offset: int
