"""The products of a list with the shelves they stand on in a branch."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, Select, and_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.domain.caller import Caller
from app.domain.store_map.layout import Cell, ShelfSign
from app.domain.store_map.stops import Item
from app.models import ChecklistItem, Product, ProductPlace
from app.schemas.store_routes import MOST_ITEMS
from app.services.catalog import conditions

MOST_SHELVES = 300
"""Of a whole list: distances are looked up between every two of them, so that a long list goes by fewer of each."""

_FOUND: Select[*tuple[Any, ...]] = (
    select(
        Product.id,
        Product.name,
        Product.is_frozen,
        ProductPlace.floor,
        ProductPlace.x,
        ProductPlace.y,
        ProductPlace.aisle_num,
        ProductPlace.shelf_num,
    )
    .outerjoin(
        ProductPlace,
        and_(
            ProductPlace.product_id == Product.id,
            ProductPlace.stock_location_id == bindparam("branch_id", type_=BigInteger),
        ),
    )
    .where(Product.id == func.any(bindparam("product_ids", type_=ARRAY(BigInteger))), *conditions.listed())
    .order_by(Product.id, ProductPlace.id)
)
_CHECKLIST = (
    select(ChecklistItem.product_id)
    .join(Product, Product.id == ChecklistItem.product_id)
    .where(ChecklistItem.user_id == bindparam("user_id", type_=BigInteger), *conditions.listed())
    .order_by(ChecklistItem.created_at, ChecklistItem.product_id)
    .limit(bindparam("most", type_=Integer))
)


def on_checklist(connection: Connection, caller: Caller) -> list[int]:
    """The products on the caller's checklist that are sold now, at most 200, what was added first at the top."""
    values = {"user_id": caller.user_id, "most": MOST_ITEMS}
    return list(connection.execute(_CHECKLIST, values).scalars())


def items(connection: Connection, product_ids: Sequence[int], *, branch_id: int) -> list[Item]:
    """The products once each by their ids, in one statement; one that is not sold stands nowhere.

    The order they were asked for in does not matter, so that the same list has the same route.
    """
    wanted = sorted(set(product_ids))
    names: dict[int, tuple[str, bool]] = {}
    shelves: dict[int, dict[Cell, ShelfSign]] = {}
    for row in connection.execute(_FOUND, {"branch_id": branch_id, "product_ids": wanted}):
        names[row.id] = (row.name, row.is_frozen)
        if row.floor is not None:
            sign = ShelfSign(row.aisle_num, row.shelf_num)
            shelves.setdefault(row.id, {})[row.floor, row.x, row.y] = sign
    most = max(1, MOST_SHELVES // max(1, len(wanted)))
    return [_item(product, names, shelves.get(product, {}), most) for product in wanted]


def _item(product_id: int, names: dict[int, tuple[str, bool]], shelves: dict[Cell, ShelfSign], most: int) -> Item:
    """A product with so many of its shelves at most."""
    name, is_frozen = names.get(product_id, ("the product", False))
    return Item(product_id, tuple(shelves)[:most], name, is_frozen, shelves)
