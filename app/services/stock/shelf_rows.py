"""Stock rows as the lists of staff show them: what lies where, how much of it, and when to order more."""

from typing import Any

from sqlalchemy import Select, select

from app.domain.enums import BRANCH_KINDS
from app.models import Inventory, Product, StockLocation

_COLUMNS = (
    Inventory.stock_location_id.label("branch_id"),
    StockLocation.name.label("branch_name"),
    Inventory.product_id,
    Product.name.label("product_name"),
    Product.sku.label("product_sku"),
    Inventory.available_quantity,
    Inventory.reserved_quantity,
    Inventory.reorder_point,
    Inventory.needs_recount,
)


def shelf_rows(*further: Any, key: str) -> Select[*tuple[Any, ...]]:
    """The stock rows of all branches, with their id under the name `key` and `further` columns behind the rest.

    Call it once, at module level. The columns may come from Inventory, Product and StockLocation.
    """
    return (
        select(Inventory.id.label(key), *_COLUMNS, *further)
        .select_from(Inventory)
        .join(StockLocation, StockLocation.id == Inventory.stock_location_id)
        .join(Product, Product.id == Inventory.product_id)
        .where(StockLocation.kind.in_(BRANCH_KINDS))
    )
