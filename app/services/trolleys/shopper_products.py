"""Products in the shape that the trolley's app asks for, with a warning where one clashes with the shopper's diet."""

from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.types import NULLTYPE

from app.domain.gtin import shown_gtin
from app.domain.offers import offer_name
from app.models import Product, ProductGtin
from app.models.base import AnyRow
from app.schemas.shopper_products import ShopperProduct
from app.services import diets
from app.services.catalog.prices import OLD_PRICE, PRICE

IS_REDUCED: ColumnElement[bool] = OLD_PRICE > PRICE

_GTINS = select(ProductGtin.gtin).where(ProductGtin.product_id == Product.id).order_by(ProductGtin.gtin)

COLUMNS: tuple[Any, ...] = (
    Product.id.label("product_id"),
    Product.name.label("product_name"),
    case((IS_REDUCED, OLD_PRICE), else_=PRICE).label("price"),
    case((IS_REDUCED, PRICE)).label("discounted_price"),
    func.array(_GTINS.correlate(Product).scalar_subquery(), type_=NULLTYPE).label("gtins"),
    Product.weight_grams.label("weight"),
    Product.category_id,
    Product.sold_by,
    Product.unit,
    Product.age_limit,
    Product.is_frozen,
    Product.image_urls[1].label("image"),
    *diets.CLASHES,
)
"""What a statement that reads `products` selects for `product_fields`; it takes the parameter `diet_user_id`."""

_AS_READ = tuple(column.key for column in COLUMNS)


def product_fields(row: AnyRow) -> dict[str, Any]:
    """The fields of a ShopperProduct from a row with COLUMNS among its own."""
    values = {name: getattr(row, name) for name in _AS_READ}
    gtins = [shown_gtin(gtin) for gtin in row.gtins]
    return values | {
        "gtins": gtins,
        "barcode": gtins[0] if gtins else None,
        "expiry": None,  # the supermarket's own range is kept by kind of product, not by batch
        "offer_name": offer_name(row.price, row.discounted_price),
        "diet_warning": bool(row.clashing_allergens or row.clashing_food_type),
    }


def shopper_product(row: AnyRow) -> ShopperProduct:
    """The answer for a row with COLUMNS among its own."""
    return ShopperProduct(**product_fields(row))
