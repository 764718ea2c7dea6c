"""Reading batches: the list, and one batch with its walk.

An order belongs to the batch as long as the batch's picker has it: given back or taken over, it leaves the walk.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import BigInteger, ColumnElement, Select, and_, bindparam, func, literal_column, select, union_all

from app.domain.caller import Caller
from app.domain.enums import BatchStatus, OrderStatus, PickedStatus
from app.domain.order_states import PICKABLE
from app.domain.walks import bin_order
from app.errors import NotFound
from app.models import Order, OrderItem, PickBatch, Product, StockLocation, User
from app.models.base import AnyRow
from app.schemas.batches import BatchAnswer, BatchCard, BatchOrder, BatchQuery, WalkLine, WalkShare
from app.schemas.envelope import DEFERRED, PageMeta
from app.services.orders.cards import person
from app.services.orders.columns import as_json
from app.services.pages import counted
from app.services.staff import employee_id, works_at
from app.services.urgent_first import FIRST, ROWS, place_of
from app.transaction import reading


class BatchNotFound(NotFound):
    """The same answer for a batch that does not exist and for one of another branch."""

    message = "There is no such batch at your branches."


def page(query: BatchQuery, caller: Caller) -> tuple[list[BatchCard], PageMeta]:
    """A page of the batches of the caller's branches: the caller's own open ones first, then the newest."""
    place = place_of(query)
    values = {"status": query.status, "caller_id": caller.user_id, "employee_id": employee_id(caller), **place.values}
    with reading() as connection:
        rows = connection.execute(_page_statement(place.reach, by_status=query.status is not None), values).all()
    return [BatchCard.model_construct(**_card(row)) for row in rows[: query.limit]], place.meta(rows)


def detail(*, batch_id: int, caller: Caller) -> BatchAnswer:
    """A batch of a branch the caller works at, with its walk (one statement). Raises BatchNotFound."""
    with reading() as connection:
        values = {"batch_id": batch_id, "employee_id": employee_id(caller)}
        row = connection.execute(_DETAIL, values).one_or_none()
    if row is None:
        raise BatchNotFound
    orders = _ORDERS_OF_JSON.validate_python(row.orders or [])
    return BatchAnswer.model_construct(**_card(row), orders=orders, walk=_walk(row.lines or []))


_IN_BATCH = and_(Order.batch_id == PickBatch.id, Order.picker_id == PickBatch.created_by)
_IS_PENDING = and_(OrderItem.picked_status == PickedStatus.PENDING, Order.status.in_(PICKABLE))

PENDING = (
    select(func.count())
    .select_from(Order)
    .join(OrderItem, OrderItem.order_id == Order.id)
    .where(_IN_BATCH, _IS_PENDING)
    .correlate(PickBatch)
    .scalar_subquery()
)
"""The number of lines of a batch that are still to be picked."""

_COUNT = select(func.count()).select_from(Order).where(_IN_BATCH).correlate(PickBatch).scalar_subquery()
_CARDS: Select[Any] = (
    select(
        *PickBatch.__table__.c,
        User.full_name.label("picker_name"),
        StockLocation.name.label("branch_name"),
        _COUNT.label("orders_count"),
        PENDING.label("items_pending"),
    )
    .join(User, User.id == PickBatch.created_by)
    .join(StockLocation, StockLocation.id == PickBatch.stock_location_id)
)
_PENDING_OF_ORDER = (
    select(func.count())
    .select_from(OrderItem)
    .where(OrderItem.order_id == Order.id, _IS_PENDING)
    .correlate(Order)
    .scalar_subquery()
)
_ORDER = {
    "order_id": Order.id,
    "order_number": Order.order_number,
    "status": Order.status,
    "items_pending": _PENDING_OF_ORDER,
}
_ORDERS = (
    select(func.json_agg(as_json(_ORDER)).aggregate_order_by(Order.id))
    .where(_IN_BATCH)
    .correlate(PickBatch)
    .scalar_subquery()
)
_LINE = {
    "product_id": OrderItem.product_id,
    "name": Product.name,
    "image_url": Product.image_urls[1],
    "bin_location": Product.bin_location,
    "order_id": Order.id,
    "order_number": Order.order_number,
    "item_id": OrderItem.id,
    "quantity": OrderItem.quantity,
    "picked_status": OrderItem.picked_status,
    "is_pending": _IS_PENDING,
}
_LINES = (
    select(func.json_agg(as_json(_LINE)).aggregate_order_by(OrderItem.id))
    .select_from(Order)
    .join(OrderItem, OrderItem.order_id == Order.id)
    .join(Product, Product.id == OrderItem.product_id)
    .where(_IN_BATCH, Order.status != OrderStatus.CANCELED)
    .correlate(PickBatch)
    .scalar_subquery()
)
_DETAIL = _CARDS.add_columns(_ORDERS.label("orders"), _LINES.label("lines")).where(
    PickBatch.id == bindparam("batch_id"), works_at(PickBatch.stock_location_id)
)


@cache
def _page_statement(reach: int, *, by_status: bool) -> Select[Any]:
    """The caller's own open batches are few; of the others only the newest are looked at."""
    own = and_(PickBatch.created_by == bindparam("caller_id", type_=BigInteger), PickBatch.status == BatchStatus.OPEN)
    wanted = [works_at(PickBatch.stock_location_id)]
    wanted += [PickBatch.status == bindparam("status", type_=PickBatch.status.type)] if by_status else []
    groups = [_newest(reach, literal_column("0"), own, *wanted), _newest(reach, literal_column("1"), ~own, *wanted)]
    found = union_all(*groups).subquery("found")
    place = func.row_number().over(order_by=(found.c.part, found.c.id.desc())).label("place")
    placed = select(found.c.id, place).subquery("placed")
    return (
        _CARDS.add_columns(counted(select(PickBatch.id).where(*wanted)).label("total"))
        .join(placed, placed.c.id == PickBatch.id)
        .where(placed.c.place > FIRST, placed.c.place <= FIRST + ROWS)
        .order_by(placed.c.place)
    )


def _newest(reach: int, part: ColumnElement[int], *conditions: ColumnElement[bool]) -> Select[Any]:
    newest = select(PickBatch.id).where(*conditions).order_by(PickBatch.id.desc())
    limited = newest.limit(literal_column(str(reach))).subquery()
    return select(limited.c.id, part.label("part"))


_ORDERS_OF_JSON = TypeAdapter(list[BatchOrder], config=DEFERRED)


def _card(row: AnyRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "status": row.status,
        "created_by": row.created_by,
        "picker": person(row.created_by, row.picker_name),
        "branch_id": row.stock_location_id,
        "branch_name": row.branch_name,
        "created_at": row.created_at,
        "done_at": row.done_at,
        "orders_count": row.orders_count,
        "items_pending": row.items_pending,
    }


def _walk(lines: Iterable[dict[str, Any]]) -> list[WalkLine]:
    """Lines of one product become one stop; stops in the order of the bins, then by name."""
    stops: dict[int, list[dict[str, Any]]] = {}
    for line in lines:
        stops.setdefault(line["product_id"], []).append(line)
    walk = [_stop(shares) for shares in stops.values()]
    return sorted(walk, key=lambda stop: (bin_order(stop.bin_location), stop.name, stop.product_id))


def _stop(shares: Sequence[dict[str, Any]]) -> WalkLine:
    first = shares[0]
    return WalkLine(
        product_id=first["product_id"],
        name=first["name"],
        image_url=first["image_url"],
        bin_location=first["bin_location"],
        quantity=sum(share["quantity"] for share in shares if share["is_pending"]),
        orders=[WalkShare.model_validate({name: share[name] for name in WalkShare.model_fields}) for share in shares],
    )
