"""What should be ordered: active products at or below their reorder point."""

from typing import Any

from sqlalchemy import Select, func, literal_column, select, tuple_

from app.domain.caller import Caller
from app.domain.stock import suggested_quantity
from app.models import Inventory, Product, StockLocation
from app.schemas.envelope import PageMeta
from app.schemas.pagination import decode_cursor, encode_cursor, page_meta
from app.schemas.stock import LowStock, LowStockQuery
from app.services.staff import employee_id, works_at
from app.services.stock.paging import COUNTED_UP_TO
from app.services.stock.places import BRANCH_KINDS
from app.transaction import reading

_LEFT = Inventory.available_quantity - Inventory.reorder_point
_ROWS: Select[*tuple[Any, ...]] = (
    select(
        Inventory.id.label("inventory_id"),
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
    .select_from(Inventory)
    .join(StockLocation, StockLocation.id == Inventory.stock_location_id)
    .join(Product, Product.id == Inventory.product_id)
    .where(
        _LEFT <= 0,
        Product.is_active,
        StockLocation.is_active,
        StockLocation.kind.in_(BRANCH_KINDS),
        works_at(Inventory.stock_location_id),
    )
)


def page(query: LowStockQuery, caller: Caller) -> tuple[list[LowStock], PageMeta]:
    """What is low at the branches the caller may see, the furthest below its reorder point first (one statement).

    Raises ValidationFailed for a cursor of another list.
    """
    rows = _ROWS if query.branch_id is None else _ROWS.where(Inventory.stock_location_id == query.branch_id)
    counted = rows.with_only_columns(Inventory.id, maintain_column_froms=True)
    counted = counted.limit(literal_column(str(COUNTED_UP_TO + 1)))
    total = select(func.count()).select_from(counted.subquery()).scalar_subquery()
    chosen = rows.add_columns(total.label("total")).order_by(_LEFT, Inventory.id).limit(query.limit + 1)
    if query.cursor is not None:
        chosen = chosen.where(tuple_(_LEFT, Inventory.id) > tuple_(*decode_cursor(query.cursor, int, int)))
    else:
        chosen = chosen.offset(query.offset)
    with reading() as connection:
        found = connection.execute(chosen, {"employee_id": employee_id(caller)}).all()
    items = [_shown(row) for row in found[: query.limit]]
    return items, _meta(items, found, query)


def _shown(row: Any) -> LowStock:
    values = {name: value for name, value in row._mapping.items() if name != "total"}
    suggested = suggested_quantity(available=row.available_quantity, reorder_point=row.reorder_point)
    return LowStock(**values, suggested_quantity=suggested)


def _meta(items: list[LowStock], found: Any, query: LowStockQuery) -> PageMeta:
    has_next = len(found) > query.limit
    if found:
        total = found[0].total if found[0].total <= COUNTED_UP_TO else None
    else:
        total = 0 if query.offset == 0 and query.cursor is None else None
    last = items[-1] if has_next else None
    following = encode_cursor(last.available_quantity - last.reorder_point, last.inventory_id) if last else None
    return page_meta(limit=query.limit, offset=query.offset, total=total, has_next=has_next, next_cursor=following)
