"""An item's columns under the names of the API: a product, what a shop adds to it, and its stock."""

from typing import Any

from sqlalchemy import Date, Join, Select, and_, func, select

from app.models import Inventory, Product, ShopItem

FACTS = (
    Product.id,
    Product.name.label("title"),
    Product.brand,
    Product.price,
    Product.compare_at_price.label("mrp"),
    ShopItem.discount,
    func.coalesce(Product.description, "").label("description"),
    Product.unit,
    ShopItem.pack_size,
    ShopItem.category,
    ShopItem.tags,
    Product.sku,
    ShopItem.expiry_date.cast(Date).label("expiry_date"),
    Product.image_urls[1].label("image_url"),
)
"""What everybody sees. An item has one picture at most."""

FOR_VENDOR = (
    *FACTS,
    Inventory.available_quantity.label("quantity_in_stock"),
    Inventory.reserved_quantity,
    ShopItem.is_available,
    Product.is_active,
    Product.created_at,
    func.greatest(Product.updated_at, Inventory.updated_at).label("updated_at"),
)

STOCKED: Join = Product.__table__.join(ShopItem.__table__, ShopItem.product_id == Product.id).join(
    Inventory.__table__,
    and_(Inventory.stock_location_id == Product.shop_id, Inventory.product_id == Product.id),
)


def items_of_shops(*columns: Any) -> Select[Any]:
    """The items of all shops that were not removed, with their stock; add whose they are."""
    return select(*columns).select_from(STOCKED).where(Product.is_active)
