"""How the picking goes at the branches a caller may see, and how many orders wait at each branch."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Interval, Select, bindparam, func, select

from app.domain.amounts import to_cents
from app.domain.caller import Caller
from app.domain.enums import LocationKind, OrderStatus
from app.domain.order_states import IN_WORK, UNDECIDED
from app.domain.picking import SETTLED
from app.models import Order, OrderItem, PickEvent, StockLocation
from app.schemas.performance import BranchMap, MapBranch, PerformanceAnswer
from app.services.orders.columns import status_in
from app.services.orders.newest import newest
from app.services.orders.ours import BRANCHES
from app.services.staff import employee_id, works_at
from app.transaction import reading

PICKER_WINDOW_MINUTES = 5
PERIOD = timedelta(days=30)
NEWEST_ORDERS = 1000
"""Lines are counted of so many orders at most, so that the answer takes the same time however much is sold."""


def show(caller: Caller) -> PerformanceAnswer:
    """The figures of this moment (one statement)."""
    values = {
        "employee_id": employee_id(caller),
        "period": PERIOD,
        "picker_window": timedelta(minutes=PICKER_WINDOW_MINUTES),
    }
    with reading() as connection:
        row = connection.execute(_FIGURES, values).one()
    return PerformanceAnswer(
        batchEfficiency=efficiency(row.picked, row.lines),
        livePickers=row.pickers,
        activeOrders=row.active,
        totalOrders=row.orders,
        pickedItems=row.picked,
        totalItems=row.lines,
        pickerWindowMinutes=PICKER_WINDOW_MINUTES,
        user_id=caller.user_id,
    )


def branch_map() -> BranchMap:
    """The active branches with their orders in work (one statement)."""
    with reading() as connection:
        rows = connection.execute(_MAP).all()
    return BranchMap(branches=[MapBranch.model_validate(row) for row in rows])


def efficiency(picked: int, items: int) -> Decimal:
    """Picked lines in percent of all, to two places; 0 where there are none."""
    return to_cents(Decimal(100 * picked) / items) if items else Decimal(0)


def _count(statement: Select[Any]) -> Any:
    return select(func.count()).select_from(statement.subquery()).scalar_subquery()


_LATELY = Order.created_at >= func.now() - bindparam("period", type_=Interval)
_MADE = select(Order.id).where(_LATELY, Order.stock_location_id.in_(BRANCHES), works_at(Order.stock_location_id))
_UNDECIDED = _MADE.where(status_in(*UNDECIDED))
_NEWEST = newest(_LATELY, Order.status.not_in(UNDECIDED | {OrderStatus.CANCELED}), limit=NEWEST_ORDERS).subquery()
_ITEMS = (
    select(
        func.count().label("lines"),
        func.count().filter(OrderItem.picked_status.in_(SETTLED)).label("picked"),
    )
    .join(_NEWEST, _NEWEST.c.id == OrderItem.order_id)
    .subquery()
)
_ACTIVE = select(Order.id).where(
    status_in(OrderStatus.CREATED, OrderStatus.IN_PROGRESS), works_at(Order.stock_location_id)
)
_PICKERS = (
    select(func.count(PickEvent.actor_user_id.distinct()))
    .where(
        PickEvent.created_at > func.now() - bindparam("picker_window", type_=Interval),
        works_at(PickEvent.stock_location_id),
    )
    .scalar_subquery()
)
_FIGURES = select(
    _ITEMS.c.lines,
    _ITEMS.c.picked,
    _count(_ACTIVE).label("active"),
    (_count(_MADE) - _count(_UNDECIDED)).label("orders"),
    _PICKERS.label("pickers"),
)
_OPEN_ORDERS = (
    select(func.count())
    .where(Order.stock_location_id == StockLocation.id, status_in(*IN_WORK))
    .correlate(StockLocation)
    .scalar_subquery()
)
_MAP = (
    select(
        StockLocation.id,
        StockLocation.name,
        StockLocation.kind,
        StockLocation.address,
        _OPEN_ORDERS.label("open_orders"),
    )
    .where(StockLocation.is_active, StockLocation.kind != LocationKind.SHOP)
    .order_by(StockLocation.id)
)
