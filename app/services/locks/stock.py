"""Inventory rows, always by (stock location, product)."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, bindparam, select, text
from sqlalchemy.orm import Session

from app.domain.enums import BRANCH_KINDS
from app.models import Inventory, StockLocation
from app.models.base import AnyRow
from app.services.staff import works_at

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


_IS_BRANCH = Inventory.stock_location_id.in_(select(StockLocation.id).where(StockLocation.kind.in_(BRANCH_KINDS)))
_ROW = (
    select(*Inventory.__table__.c)
    .where(Inventory.id == bindparam("inventory_id", type_=BigInteger), _IS_BRANCH)
    .with_for_update(key_share=True, of=Inventory)
)
_SHELF = (
    select(*Inventory.__table__.c)
    .where(
        Inventory.stock_location_id == bindparam("stock_location_id", type_=BigInteger),
        Inventory.product_id == bindparam("product_id", type_=BigInteger),
        _IS_BRANCH,
        works_at(Inventory.stock_location_id),
    )
    .with_for_update(key_share=True, of=Inventory)
)
_SHELVES = text("""
    SELECT inventory.* FROM inventory
    JOIN unnest(CAST(:locations AS bigint[]), CAST(:products AS bigint[])) AS place(location_id, product_id)
      ON inventory.stock_location_id = place.location_id AND inventory.product_id = place.product_id
    ORDER BY inventory.stock_location_id, inventory.product_id
    FOR NO KEY UPDATE OF inventory
""")


def inventory_row(session: Session, *, inventory_id: int) -> AnyRow | None:
    """One inventory row of a branch, locked."""
    return session.execute(_ROW, {"inventory_id": inventory_id}).one_or_none()


def shelf(
    session: Session, *, stock_location_id: int, product_id: int, employee_id: int | None = None
) -> AnyRow | None:
    """The inventory row of a product at a branch, locked; None where the employee does not work there."""
    values = {"stock_location_id": stock_location_id, "product_id": product_id, "employee_id": employee_id}
    return session.execute(_SHELF, values).one_or_none()


def shelves(session: Session, places: Sequence[tuple[int, int]]) -> Sequence[AnyRow]:
    """The inventory rows of (stock location, product) pairs, locked in that order; pairs without a row are left out."""
    values = {"locations": [place[0] for place in places], "products": [place[1] for place in places]}
    return session.execute(_SHELVES, values).all()
