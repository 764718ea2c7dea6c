"""What should be ordered: active products at or below their reorder point."""

from sqlalchemy import tuple_

from app.domain.caller import Caller
from app.domain.stock import suggested_quantity
from app.models import Inventory, Product, StockLocation
from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.pagination import decode_cursor, encode_cursor
from app.schemas.stock import LowStock, LowStockQuery
from app.services.pages import meta_of, with_total
from app.services.staff import employee_id, works_at
from app.services.stock.shelf_rows import shelf_rows
from app.transaction import reading

_LEFT = Inventory.available_quantity - Inventory.reorder_point
_ROWS = shelf_rows(key="inventory_id").where(
    _LEFT <= 0, Product.is_active, StockLocation.is_active, works_at(Inventory.stock_location_id)
)


def page(query: LowStockQuery, caller: Caller) -> tuple[list[LowStock], PageMeta]:
    """What is low at the branches the caller may see, the furthest below its reorder point first (one statement).

    Raises ValidationFailed for a cursor of another list.
    """
    rows = _ROWS if query.branch_id is None else _ROWS.where(Inventory.stock_location_id == query.branch_id)
    chosen = with_total(rows, Inventory.id).order_by(_LEFT, Inventory.id).limit(query.limit + 1)
    if query.cursor is not None:
        chosen = chosen.where(tuple_(_LEFT, Inventory.id) > tuple_(*decode_cursor(query.cursor, int, int)))
    else:
        chosen = chosen.offset(query.offset)
    with reading() as connection:
        found = connection.execute(chosen, {"employee_id": employee_id(caller)}).all()
    return [_shown(row) for row in found[: query.limit]], meta_of(found, query, _cursor_after)


def _cursor_after(row: AnyRow) -> str:
    return encode_cursor(row.available_quantity - row.reorder_point, row.inventory_id)


def _shown(row: AnyRow) -> LowStock:
    values = {name: value for name, value in row._mapping.items() if name != "total"}
    suggested = suggested_quantity(available=row.available_quantity, reorder_point=row.reorder_point)
    return LowStock(**values, suggested_quantity=suggested)
