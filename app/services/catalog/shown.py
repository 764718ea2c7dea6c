"""A product as it is shown: the columns, the joins, and the answer made of one row."""

from typing import Any

from sqlalchemy import BigInteger, Select, Subquery, bindparam, func, literal_column, null, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import LateralFromClause

from app.domain.gtin import shown_gtin
from app.domain.pricing import piece_price
from app.models import Category, Inventory, Product, ProductGtin, Review, StockLocation
from app.schemas import catalog as schemas
from app.services.locks import AnyRow

_COLUMNS = (
    Product.id,
    Product.name,
    Product.sku,
    Product.brand,
    Product.description,
    Product.category_id,
    Product.price,
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
    Product.allergens,
    Product.nutrition.label("nutritional_info"),
    Product.image_urls,
    Product.bin_location,
    Product.is_active,
    Category.name.label("category_name"),
)

BRANCHES = func.array(
    select(StockLocation.id).where(StockLocation.is_active).scalar_subquery(), type_=ARRAY(BigInteger)
)
"""The ids of the active stock locations, read once for a statement."""


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
            func.array(gtins.scalar_subquery(), type_=ARRAY(ProductGtin.gtin.type)).label("gtins"),
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


def product_of(row: AnyRow, currency: str) -> schemas.Product:
    """The answer for one row of `with_details`."""
    here = row.branch_available_quantity
    return schemas.Product(
        id=row.id,
        name=row.name,
        sku=row.sku,
        brand=row.brand,
        description=row.description,
        category_id=row.category_id,
        category_name=row.category_name,
        price=row.price,
        old_price=row.compare_at_price,
        compare_at_price=row.compare_at_price,
        piece_price=piece_price(row.price, row.sold_by, row.estimated_weight_grams),
        currency=currency,
        deposit=row.deposit,
        tax_rate=row.tax_rate,
        sold_by=row.sold_by,
        unit=row.unit,
        weight_grams=row.weight_grams,
        estimated_weight_grams=row.estimated_weight_grams,
        is_organic=row.is_organic,
        age_limit=row.age_limit,
        ingredients=row.ingredients,
        allergens=row.allergens,
        nutritional_info=row.nutritional_info,
        gtins=[shown_gtin(gtin) for gtin in row.gtins],
        image_url=row.image_urls[0] if row.image_urls else None,
        image_urls=row.image_urls,
        bin_location=row.bin_location,
        is_active=row.is_active,
        in_stock_anywhere=row.available_quantity > 0,
        in_stock_for_branch=None if here is None else here > 0,
        available_quantity=row.available_quantity,
        branch_available_quantity=here,
        rating_average=row.rating_average,
        rating_count=row.rating_count,
    )
