"""What explains every piece: the movements of stock with what caused them."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select

from app.domain.caller import Caller
from app.domain.enums import BRANCH_KINDS
from app.errors import DomainError
from app.models import (
    Inventory,
    OrderItem,
    PickEvent,
    Product,
    StockChange,
    StockLocation,
    StockMovement,
    StockTransferLine,
    Substitution,
    User,
)
from app.models.base import AnyRow
from app.schemas.pagination import decode_cursor, encode_cursor
from app.schemas.stock import Movement, MovementPage, MovementQuery
from app.services.staff import employee_id, works_at
from app.transaction import reading


class NameOneShelf(DomainError):
    code = "BRANCH_AND_PRODUCT_NEEDED"
    message = "Name branch_id and product_id: movements are shown for one product of one branch."


def _caused_by(source_type: str, model: Any) -> ColumnElement[bool]:
    return and_(StockMovement.source_type == source_type, StockMovement.source_id == model.id)


_ROWS: Select[Any] = (
    select(
        *(column for column in StockMovement.__table__.c if column.name != "stock_location_id"),
        StockMovement.stock_location_id.label("branch_id"),
        StockLocation.name.label("branch_name"),
        Product.name.label("product_name"),
        Product.sku.label("product_sku"),
        func.coalesce(OrderItem.order_id, Substitution.order_id, PickEvent.order_id).label("order_id"),
        StockTransferLine.transfer_id,
        StockChange.stock_request_id,
        func.coalesce(StockChange.reason, PickEvent.reason).label("reason"),
        User.full_name.label("actor_name"),
        Inventory.available_quantity,
        Inventory.reserved_quantity,
    )
    .select_from(StockMovement)
    .join(StockLocation, StockLocation.id == StockMovement.stock_location_id)
    .join(Product, Product.id == StockMovement.product_id)
    .join(
        Inventory,
        and_(
            Inventory.stock_location_id == StockMovement.stock_location_id,
            Inventory.product_id == StockMovement.product_id,
        ),
    )
    .outerjoin(OrderItem, _caused_by("order_item", OrderItem))
    .outerjoin(Substitution, _caused_by("substitution", Substitution))
    .outerjoin(PickEvent, _caused_by("pick_event", PickEvent))
    .outerjoin(StockTransferLine, _caused_by("transfer_line", StockTransferLine))
    .outerjoin(StockChange, _caused_by("stock_change", StockChange))
    .outerjoin(User, User.id == StockMovement.actor_user_id)
    .where(StockLocation.kind.in_(BRANCH_KINDS), works_at(StockMovement.stock_location_id))
    .order_by(StockMovement.id.desc())
)


def page(query: MovementQuery, caller: Caller) -> MovementPage:
    """Movements at the branches the caller may see, newest first (one statement).

    For one product of one branch each carries what was there after it, reckoned back from what is there now; the
    cursor takes that along. Raises NameOneShelf for employees who do not name both, ValidationFailed for a bad cursor.
    """
    one_shelf = query.branch_id is not None and query.product_id is not None
    if not one_shelf and not caller.is_manager:
        raise NameOneShelf
    before = decode_cursor(query.cursor, int, int, int) if query.cursor else None
    rows = _chosen(query, before[0] if before else None).limit(query.limit + 1)
    with reading() as connection:
        found = connection.execute(rows, {"employee_id": employee_id(caller)}).all()
    balances = _balances(found, before[1:] if before else None)
    items = [_shown(row, balance if one_shelf else None) for row, balance in zip(found, balances, strict=True)]
    more = len(items) > query.limit
    return MovementPage(items=items[: query.limit], next_cursor=_cursor(items, query.limit) if more else None)


def _chosen(query: MovementQuery, before: int | None) -> Select[Any]:
    rows = _ROWS
    if query.branch_id is not None:
        rows = rows.where(StockMovement.stock_location_id == query.branch_id)
    if query.product_id is not None:
        rows = rows.where(StockMovement.product_id == query.product_id)
    return rows if before is None else rows.where(StockMovement.id < before)


def _balances(rows: Sequence[AnyRow], known: tuple[int, int] | None) -> Iterator[tuple[int, int]]:
    """(available, reserved) after each row, newest first: `known` after the first one, or what is there now."""
    if not rows:
        return
    available, reserved = known or (rows[0].available_quantity, rows[0].reserved_quantity)
    for row in rows:
        yield available, reserved
        available, reserved = available - row.available_change, reserved - row.reserved_change


def _cursor(items: Sequence[Movement], limit: int) -> str:
    following = items[limit]
    return encode_cursor(items[limit - 1].id, following.available_after or 0, following.reserved_after or 0)


def _shown(row: AnyRow, balance: tuple[int, int] | None) -> Movement:
    available, reserved = balance or (None, None)
    values = {**row._mapping, "available_after": available, "reserved_after": reserved}
    return Movement(**{name: values[name] for name in Movement.model_fields})
