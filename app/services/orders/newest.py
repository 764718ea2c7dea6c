"""The newest orders of the branches a caller may see, found without reading the rest of a large table.

Each branch is walked backwards on `ix_orders_place`, so that a branch that sells little is as quick as one that sells
much, and a date range is entered where it ends.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, literal_column, select, true

from app.models import Order, StockLocation
from app.services.orders.ours import BRANCHES
from app.services.staff import works_at

NEWEST_FIRST = (Order.created_at.desc(), Order.id.desc())


def newest(*conditions: ColumnElement[bool], limit: int) -> Select[Any]:
    """(id, created_at) of at most `limit` orders that meet the conditions, newest first; takes `employee_id`."""
    found = _of_each_branch(conditions, limit, in_order=True)
    return found.order_by(*(column.desc() for column in reversed(found.selected_columns))).limit(_literal(limit))


def any_of(*conditions: ColumnElement[bool], limit: int) -> Select[Any]:
    """The same in no order, for counting up to `limit`."""
    return _of_each_branch(conditions, limit, in_order=False).limit(_literal(limit))


def _of_each_branch(conditions: tuple[ColumnElement[bool], ...], limit: int, *, in_order: bool) -> Select[Any]:
    branches = BRANCHES.where(works_at(StockLocation.id)).subquery("branches")
    orders = select(Order.id, Order.created_at).where(Order.stock_location_id == branches.c.id, *conditions)
    orders = orders.order_by(*NEWEST_FIRST) if in_order else orders
    of_branch = orders.limit(_literal(limit)).lateral("of_branch")
    return select(of_branch.c.id, of_branch.c.created_at).select_from(branches.join(of_branch, true()))


def _literal(number: int) -> ColumnElement[int]:
    """As a parameter it would keep PostgreSQL from seeing that the scan ends early."""
    return literal_column(str(number))
