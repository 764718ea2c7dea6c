"""Inventory, always in product order."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from app.models import Inventory

_STOCK_OF_ORDER = text("""
    SELECT product_id FROM inventory
    WHERE stock_location_id = :stock_location_id AND product_id IN (
        SELECT product_id FROM order_items WHERE order_id = :order_id
        UNION ALL
        SELECT product_id FROM substitutions WHERE order_id = :order_id AND held_quantity > 0
    )
    ORDER BY product_id
    FOR NO KEY UPDATE
""")


def stock_of_order(session: Session, *, order_id: int, stock_location_id: int) -> None:
    """Lock the inventory rows of an order's products, substitutes included, in product order."""
    session.execute(_STOCK_OF_ORDER, {"order_id": order_id, "stock_location_id": stock_location_id})


_INVENTORY = (
    select(Inventory)
    .where(
        Inventory.stock_location_id == bindparam("stock_location_id"),
        Inventory.product_id.in_(bindparam("product_ids", expanding=True)),
    )
    .order_by(Inventory.product_id)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def inventory(session: Session, *, stock_location_id: int, product_ids: Sequence[int]) -> Sequence[Inventory]:
    """The inventory rows of some products at one location, locked in product order."""
    values = {"stock_location_id": stock_location_id, "product_ids": list(product_ids)}
    return session.execute(_INVENTORY, values).scalars().all()
