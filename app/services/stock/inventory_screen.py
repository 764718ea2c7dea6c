"""The inventory screen: all stock rows of the branches the caller may see."""

from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.models import Inventory, Product
from app.schemas.inventory import InventoryQuery, InventoryRow
from app.schemas.pagination import LARGEST_SCREEN, decode_cursor, encode_cursor, page_meta
from app.services.containing import contains
from app.services.staff import employee_id, works_at
from app.services.stock.shelf_rows import shelf_rows
from app.transaction import reading

_ROWS = shelf_rows(Product.bin_location, Inventory.updated_at, key="id")
_NAMES = (*_ROWS.selected_columns.keys(), "limit", "offset", "total")
_OF_CALLER = _ROWS.where(works_at(Inventory.stock_location_id))
_ONE = _ROWS.where(Inventory.id == bindparam("inventory_id", type_=BigInteger))


def page(query: InventoryQuery, caller: Caller) -> dict[str, Any]:
    """A page of stock rows, oldest first; their number up to 10,000 (a second statement where it is not plain).

    An InventoryPage as plain values: making 10,000 models would take longer than all the rest. Raises ValidationFailed
    for a cursor of another list.
    """
    rows = _chosen(query)
    after = decode_cursor(query.cursor, int)[0] if query.cursor else None
    first = rows.order_by(Inventory.id).limit(query.limit + 1)
    first = first.offset(query.offset) if after is None else first.where(Inventory.id > after)
    counted = rows.with_only_columns(Inventory.id, maintain_column_froms=True).limit(LARGEST_SCREEN + 1)
    values = {"employee_id": employee_id(caller)}
    with reading() as connection:
        found = connection.execute(first, values).all()
        is_whole = after is None and query.offset == 0 and len(found) <= query.limit
        count = select(func.count()).select_from(counted.subquery())
        total = len(found) if is_whole else connection.execute(count, values).scalar_one()
    has_next = len(found) > query.limit
    meta = page_meta(
        limit=query.limit,
        offset=query.offset,
        total=total if total <= LARGEST_SCREEN else None,
        has_next=has_next,
        next_cursor=encode_cursor(found[query.limit - 1].id) if has_next else None,
    )
    place = (meta.limit, meta.offset, meta.total)
    return {
        "items": [dict(zip(_NAMES, (*row, *place), strict=True)) for row in found[: query.limit]],
        "pagination": meta,
    }


def one(session: Session, *, inventory_id: int) -> InventoryRow:
    """One stock row as the screen shows it. A step."""
    row = session.execute(_ONE, {"inventory_id": inventory_id}).mappings().one()
    return InventoryRow(**row, limit=1, offset=0, total=1)


def _chosen(query: InventoryQuery) -> Select[*tuple[Any, ...]]:
    rows = _OF_CALLER
    if query.branch_id is not None:
        rows = rows.where(Inventory.stock_location_id == query.branch_id)
    if query.product_id is not None:
        rows = rows.where(Inventory.product_id == query.product_id)
    if query.q:
        rows = rows.where(or_(contains(Product.name, query.q), contains(Product.sku, query.q)))
    if query.low_stock is not None:
        rows = rows.where((Inventory.available_quantity <= Inventory.reorder_point) == query.low_stock)
    if query.needs_recount is not None:
        rows = rows.where(Inventory.needs_recount == query.needs_recount)
    return rows
