"""A product as it is shown: the columns, the joins, and the answer made of one row."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Label,
    Select,
    Subquery,
    bindparam,
    func,
    literal_column,
    null,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import LateralFromClause
from sqlalchemy.types import NULLTYPE

from app.domain.enums import BRANCH_KINDS
from app.domain.gtin import shown_gtin
from app.domain.pricing import piece_price
from app.models import Category, Inventory, Product, ProductGtin, Review, StockLocation
from app.models.base import AnyRow
from app.schemas import catalog as schemas
from app.services.catalog import prices


def _as_driven(column: InstrumentedAttribute[Any]) -> Label[Any]:
    """A list as the driver gives it: SQLAlchemy would copy each one, item by item, into an equal list."""
    return type_coerce(column, NULLTYPE).label(column.key)


_COLUMNS = (
    Product.id,
    Product.name,
    Product.sku,
    Product.brand,
    Product.description,
    Product.category_id,
    prices.PRICE.label("price"),
    prices.OLD_PRICE.label("old_price"),
    Product.compare_at_price,
    Product.deposit,
    Product.tax_rate,
    Product.sold_by,
    Product.unit,
    Product.weight_grams,
    Product.estimated_weight_grams,
    Product.is_organic,
    Product.age_limit,
    Product.ingredients,
    _as_driven(Product.allergens),
    Product.nutrition.label("nutritional_info"),
    _as_driven(Product.image_urls),
    Product.bin_location,
    Product.is_active,
    Category.name.label("category_name"),
)

_LOOKED_UP = ("gtins", "available_quantity", "branch_available_quantity", "rating_count", "rating_average")

BRANCHES = func.array(
    select(StockLocation.id).where(StockLocation.is_active, StockLocation.kind.in_(BRANCH_KINDS)).scalar_subquery(),
    type_=ARRAY(BigInteger),
)
"""The ids of the active branches, read once for a statement."""


def with_details(places: Subquery, *, branch: bool) -> Select[Any]:
    """Every shown column of the products whose `id` is in `places`, at most a page of them.

    Stock, barcodes and ratings are looked up for these few rows only, never summed over a table. With `branch` the
    statement takes the parameter `branch_id`.
    """
    stock = _stock(places, branch=branch)
    ratings = (
        select(func.count().label("count"), func.round(func.avg(Review.rating), literal_column("2")).label("average"))
        .where(Review.product_id == places.c.id)
        .lateral("ratings")
    )
    gtins = select(ProductGtin.gtin).where(ProductGtin.product_id == places.c.id).order_by(ProductGtin.gtin)
    return (
        select(
            *_COLUMNS,
            func.array(gtins.scalar_subquery(), type_=NULLTYPE).label("gtins"),
            stock.c.available.label("available_quantity"),
            stock.c.here.label("branch_available_quantity"),
            ratings.c.count.label("rating_count"),
            ratings.c.average.label("rating_average"),
        )
        .select_from(places)
        .join(Product, Product.id == places.c.id)
        .join(Category, Category.id == Product.category_id)
        .join(stock, true())
        .join(ratings, true())
    )


def _stock(places: Subquery, *, branch: bool) -> LateralFromClause:
    pieces = func.sum(Inventory.available_quantity)
    nothing: ColumnElement[int] = literal_column("0")
    here: ColumnElement[Any] = null()
    if branch:
        at_branch = Inventory.stock_location_id == bindparam("branch_id", type_=BigInteger)
        here = func.coalesce(pieces.filter(at_branch), nothing)
    return (
        select(func.coalesce(pieces, nothing).label("available"), here.label("here"))
        .where(Inventory.product_id == places.c.id, Inventory.stock_location_id == func.any(BRANCHES))
        .lateral("stock")
    )


_DETAILS = (*(column.key for column in _COLUMNS), *_LOOKED_UP)
_FIELDS = set(schemas.Product.model_fields)


def product_of(row: AnyRow, currency: str) -> schemas.Product:
    """The answer for one row of `with_details`; whatever columns follow are left out."""
    values: dict[str, Any] = dict(zip(_DETAILS, row, strict=False))
    here = values["branch_available_quantity"]
    values["piece_price"] = piece_price(values["price"], values["sold_by"], values["estimated_weight_grams"])
    values["currency"] = currency
    values["gtins"] = [shown_gtin(gtin) for gtin in values["gtins"]]
    values["image_url"] = values["image_urls"][0] if values["image_urls"] else None
    values["in_stock_anywhere"] = values["available_quantity"] > 0
    values["in_stock_for_branch"] = None if here is None else here > 0
    return _unchecked(values)


def _unchecked(values: dict[str, Any]) -> schemas.Product:
    """A product of values the database has checked already; tests hold every answer against its declaration.

    Validating a page of products costs as much as reading it, and model_construct half of that.
    """
    product = schemas.Product.__new__(schemas.Product)
    object.__setattr__(product, "__dict__", values)
    object.__setattr__(product, "__pydantic_fields_set__", _FIELDS)
    object.__setattr__(product, "__pydantic_extra__", None)
    object.__setattr__(product, "__pydantic_private__", None)
    return product
