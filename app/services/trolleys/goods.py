"""A product as a trolley meets it: what it is, costs and weighs in a branch."""

from typing import Any

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.models import Category, Inventory, Product, ProductGtin
from app.models.base import AnyRow
from app.services.catalog import prices


class ProductNotSold(NotFound):
    code = "PRODUCT_NOT_FOUND"
    message = "There is no such product in this branch."


COLUMNS = (
    Product.id,
    Product.name,
    Product.sku,
    prices.PRICE.label("price"),
    Product.price.label("old_price"),
    Product.sold_by,
    Product.estimated_weight_grams,
    Product.weight_grams,
    Product.weight_tolerance_grams,
    Product.age_limit,
    Product.is_frozen,
    Product.allergens,
    Inventory.available_quantity,
)


def known(*columns: Any) -> Select[*tuple[Any, ...]]:
    """Products of the supermarket's own range with their stock at `:stock_location_id`, withdrawn ones too."""
    here = and_(Inventory.product_id == Product.id, Inventory.stock_location_id == bindparam("stock_location_id"))
    return (
        select(*COLUMNS, *columns)
        .join(Category, Category.id == Product.category_id)
        .outerjoin(Inventory, here)
        .where(Product.shop_id.is_(None))
    )


def goods(*columns: Any) -> Select[*tuple[Any, ...]]:
    """Active products of the supermarket's own range with their stock at `:stock_location_id`, to be narrowed."""
    return known(*columns).where(Product.is_active, Category.is_active)


_BY_ID = goods().where(Product.id == bindparam("product_id"))
_KNOWN_BY_ID = known().where(Product.id == bindparam("product_id"))
_BY_GTIN = (
    goods()
    .join(ProductGtin, ProductGtin.product_id == Product.id)
    .where(ProductGtin.gtin == bindparam("gtin"), ProductGtin.shop_id.is_(None))
)
_BY_SKU = goods().where(Product.sku == bindparam("sku"))


def by_id(session: Session, *, product_id: int, stock_location_id: int) -> AnyRow | None:
    """A product by its id. A step."""
    values = {"product_id": product_id, "stock_location_id": stock_location_id}
    return session.execute(_BY_ID, values).one_or_none()


def known_by_id(session: Session, *, product_id: int, stock_location_id: int) -> AnyRow | None:
    """A product by its id, also when it was withdrawn meanwhile: one may lie in a trolley. A step."""
    values = {"product_id": product_id, "stock_location_id": stock_location_id}
    return session.execute(_KNOWN_BY_ID, values).one_or_none()


def by_gtin(session: Session, *, gtin: str, stock_location_id: int) -> AnyRow | None:
    """A product by a barcode of 14 digits. A step."""
    return session.execute(_BY_GTIN, {"gtin": gtin, "stock_location_id": stock_location_id}).one_or_none()


def by_sku(session: Session, *, sku: str, stock_location_id: int) -> AnyRow | None:
    """A product by its stock keeping unit: PLU codes and the item part of store barcodes are such. A step."""
    return session.execute(_BY_SKU, {"sku": sku, "stock_location_id": stock_location_id}).one_or_none()
