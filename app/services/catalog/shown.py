"""A product as it is shown: its fields as SQL, in columns for the staff and as JSON that PostgreSQL writes."""

from functools import partial
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Label,
    Select,
    String,
    Subquery,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import LateralFromClause
from sqlalchemy.types import NULLTYPE

from app.domain.enums import BRANCH_KINDS
from app.models import Category, Inventory, Product, ProductGtin, Review, StockLocation
from app.services.catalog import prices
from app.services.json_text import json_text

_as_driven = partial(type_coerce, type_=NULLTYPE)
"""A list as the driver gives it: SQLAlchemy would copy each one, item by item, into an equal list."""

_NOTHING: ColumnElement[int] = literal_column("0")
_KINDS = [literal_column(f"'{kind}'", StockLocation.kind.type) for kind in BRANCH_KINDS]

BRANCHES = func.array(
    select(StockLocation.id).where(StockLocation.is_active, StockLocation.kind.in_(_KINDS)).scalar_subquery(),
    type_=ARRAY(BigInteger),
)
"""The ids of the active branches, read once for a statement."""


def with_details(places: Subquery, *, branch: bool) -> Select[Any]:
    """Every shown field, as a column, of the products whose `id` is in `places`, at most a page of them.

    Stock, barcodes and ratings are looked up for these few rows only, never summed over a table. The statement takes
    the parameter `currency`, and with `branch` also `branch_id`.
    """
    fields, rows = _looked_up(places, branch=branch)
    return select(*_labelled(fields)).select_from(rows)


def as_json(places: Subquery, *, branch: bool) -> Select[Any]:
    """The same rows with one column `product`: the text of the whole product as JSON."""
    fields, rows = _looked_up(places, branch=branch)
    product = json_text(fields).label("product")
    return select(product).select_from(rows)


def _labelled(fields: dict[str, Any]) -> list[Label[Any]]:
    return [value.label(name) for name, value in fields.items()]


def _looked_up(places: Subquery, *, branch: bool) -> tuple[dict[str, Any], FromClause]:
    """The fields by name, in the order of `schemas.catalog.Product`, and the tables they are of."""
    stock, ratings = _stock(places, branch=branch), _ratings(places)
    fields = {
        "id": Product.id,
        "name": Product.name,
        "sku": Product.sku,
        "brand": Product.brand,
        "description": Product.description,
        "category_id": Product.category_id,
        "category_name": Category.name,
        "price": prices.PRICE,
        "old_price": prices.OLD_PRICE,
        "compare_at_price": Product.compare_at_price,
        "piece_price": prices.PIECE_PRICE,
        "currency": bindparam("currency", type_=String),
        "deposit": Product.deposit,
        "tax_rate": Product.tax_rate,
        "sold_by": Product.sold_by,
        "unit": Product.unit,
        "weight_grams": Product.weight_grams,
        "estimated_weight_grams": Product.estimated_weight_grams,
        "is_organic": Product.is_organic,
        "age_limit": Product.age_limit,
        "ingredients": Product.ingredients,
        "allergens": _as_driven(Product.allergens),
        "nutritional_info": Product.nutrition,
        "gtins": _gtins(places),
        "image_url": Product.image_urls[literal_column("1")],
        "image_urls": _as_driven(Product.image_urls),
        "bin_location": Product.bin_location,
        "is_active": Product.is_active,
        "in_stock_anywhere": stock.c.available > _NOTHING,
        "in_stock_for_branch": stock.c.here > _NOTHING,
        "available_quantity": stock.c.available,
        "branch_available_quantity": stock.c.here,
        "rating_average": ratings.c.average,
        "rating_count": ratings.c.count,
    }
    rows = (
        places.join(Product, Product.id == places.c.id)
        .join(Category, Category.id == Product.category_id)
        .join(stock, true())
        .join(ratings, true())
    )
    return fields, rows


def _stock(places: Subquery, *, branch: bool) -> LateralFromClause:
    pieces = func.sum(Inventory.available_quantity)
    here: ColumnElement[Any] = cast(null(), BigInteger)
    if branch:
        at_branch = Inventory.stock_location_id == bindparam("branch_id", type_=BigInteger)
        here = func.coalesce(pieces.filter(at_branch), _NOTHING)
    return (
        select(func.coalesce(pieces, _NOTHING).label("available"), here.label("here"))
        .where(Inventory.product_id == places.c.id, Inventory.stock_location_id == func.any(BRANCHES))
        .lateral("stock")
    )


def _ratings(places: Subquery) -> LateralFromClause:
    average = func.round(func.avg(Review.rating), literal_column("2"))
    found = select(func.count().label("count"), average.label("average")).where(Review.product_id == places.c.id)
    return found.lateral("ratings")


def _gtins(places: Subquery) -> ColumnElement[Any]:
    mine = select(_printed(ProductGtin.gtin)).where(ProductGtin.product_id == places.c.id).order_by(ProductGtin.gtin)
    return func.array(mine.scalar_subquery(), type_=NULLTYPE)


def _printed(padded: Any) -> ColumnElement[Any]:
    """`domain.gtin.shown_gtin`; a test holds the two together."""
    starts_with = func.starts_with
    return case(
        (starts_with(padded, literal_column("'000000'")), func.substr(padded, literal_column("7"))),
        (starts_with(padded, literal_column("'0'")), func.substr(padded, literal_column("2"))),
        else_=padded,
    )
