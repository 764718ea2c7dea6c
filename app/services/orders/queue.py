"""The staff's queue: orders in work by urgency, then ended ones, newest first; sorted by the database before paging."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    select,
    union_all,
)

from app.config import settings
from app.domain import urgency
from app.domain.caller import Caller
from app.domain.enums import FulfillmentType, OrderStatus, QueuePicker
from app.domain.order_states import IN_WORK
from app.models import Order, OrderItem
from app.models.base import AnyRow
from app.schemas.envelope import DEFERRED, PageMeta
from app.schemas.pagination import COUNTED_UP_TO
from app.schemas.picking_queue import QueueLine, QueueOrder, QueueQuery
from app.services.orders import cards
from app.services.orders.columns import as_json, status_in
from app.services.orders.newest import any_of, newest
from app.services.pages import counted
from app.services.staff import employee_id, works_at
from app.services.urgent_first import FIRST, ROWS, Place, place_of
from app.transaction import reading

ENDED = frozenset({OrderStatus.DELIVERED, OrderStatus.CANCELED})
_LINES_OF_JSON = TypeAdapter(list[QueueLine], config=DEFERRED)


def page(query: QueueQuery, caller: Caller, *, now: datetime | None = None) -> tuple[list[QueueOrder], PageMeta]:
    """A page of the orders of the caller's branches with their lines (one statement). Raises ValidationFailed."""
    now = now or datetime.now(UTC)
    place = place_of(query)
    with reading() as connection:
        rows = connection.execute(_statement(query, place), _values(query, place, caller, now)).all()
    return [_card(row, now) for row in rows[: query.limit]], place.meta(rows)


_NOW_HERE = func.timezone(bindparam("zone", type_=Text), Order.slot_start)
RANK: ColumnElement[int] = case(
    (Order.fulfillment_type == FulfillmentType.PICKUP, urgency.WITHOUT_SLOT),
    (Order.slot_start.is_(None), urgency.WITHOUT_SLOT),
    else_=cast(
        func.floor(func.extract("epoch", _NOW_HERE - bindparam("midnight", type_=DateTime(timezone=False))) / 60),
        Integer,
    ),
)
"""`domain.urgency.rank` in SQL; the statement takes `zone` and `midnight`."""

_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "date_from": Order.created_at >= bindparam("date_from", type_=DateTime(timezone=True)),
    "date_to": Order.created_at < bindparam("date_to", type_=DateTime(timezone=True)),
    "branch_id": Order.stock_location_id == bindparam("branch_id", type_=BigInteger),
    "fulfillment_type": Order.fulfillment_type == bindparam("fulfillment_type", type_=Order.fulfillment_type.type),
    QueuePicker.ME: Order.picker_id == bindparam("caller_id", type_=BigInteger),
    QueuePicker.NONE: Order.picker_id.is_(None),
    QueuePicker.CLAIMED: Order.picker_id.is_not(None),
}


_ASKED = {"date_from", "date_to", "branch_id", "fulfillment_type"}


def _statement(query: QueueQuery, place: Place) -> Select[Any]:
    asked = {name for name in _ASKED if getattr(query, name)} | ({query.picker} if query.picker else set())
    statuses = IN_WORK if query.picker else IN_WORK | ENDED
    if query.status is not None:
        statuses = statuses & {query.status}
    return _built(frozenset(statuses), frozenset(asked), place.reach)


def _values(query: QueueQuery, place: Place, caller: Caller, now: datetime) -> dict[str, Any]:
    return {
        **query.model_dump(include=_ASKED),
        **place.values,
        "employee_id": employee_id(caller),
        "caller_id": caller.user_id,
        "zone": settings().shop_timezone,
        "midnight": urgency.midnight(now, settings().zone),
    }


@cache
def _built(statuses: frozenset[OrderStatus], asked: frozenset[str], reach: int) -> Select[Any]:
    """Open orders are found by their partial index and sorted, as they are few; of ended ones the newest are looked at.

    Statuses and reach are literals: with them as parameters PostgreSQL could use neither the partial index nor an early
    end of the scan. Lines are gathered for the rows of the page alone.
    """
    conditions = [_CONDITIONS[name] for name in sorted(asked)]
    is_open, is_ended = status_in(*statuses & IN_WORK), status_in(*statuses & ENDED)
    in_work = select(Order.id, RANK.label("rank"), Order.slot_end).where(
        is_open, works_at(Order.stock_location_id), *conditions
    )
    open_orders = in_work.cte("open_orders").prefix_with("MATERIALIZED")
    ended = newest(is_ended, *conditions, limit=reach).cte("ended").prefix_with("MATERIALIZED")
    by_urgency = func.row_number().over(order_by=(open_orders.c.rank, open_orders.c.slot_end, open_orders.c.id))
    count = select(func.count()).select_from(open_orders).scalar_subquery()
    by_age = count + func.row_number().over(order_by=(ended.c.created_at.desc(), ended.c.id.desc()))
    placed = union_all(
        select(open_orders.c.id, by_urgency.label("place")), select(ended.c.id, by_age.label("place"))
    ).subquery("placed")
    place = placed.c.place
    some_ended = any_of(is_ended, *conditions, limit=COUNTED_UP_TO + 1).subquery()
    every = union_all(select(open_orders.c.id), select(some_ended.c.id)).subquery()
    total = counted(select(every.c.id))
    return (
        cards.CARDS.add_columns(_LINES.label("lines"), total.label("total"))
        .join(placed, placed.c.id == Order.id)
        .where(place > FIRST, place <= FIRST + ROWS)
        .order_by(place)
    )


_LINES = (
    select(
        func.json_agg(
            as_json({name: OrderItem.__table__.c[name] for name in QueueLine.model_fields})
        ).aggregate_order_by(OrderItem.id)
    )
    .where(OrderItem.order_id == Order.id)
    .correlate(Order)
    .scalar_subquery()
)


def _card(row: AnyRow, now: datetime) -> QueueOrder:
    lines = _LINES_OF_JSON.validate_python(row.lines or [])
    return QueueOrder.model_construct(**cards.fields(row, lines, now))
