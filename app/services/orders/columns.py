"""Rows inside rows: lists that the database builds as JSON, so that an order and all its parts are one statement."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Function, Numeric, Text, cast, false, func, literal_column, select

from app.domain.enums import OrderStatus
from app.models import Order, OrderDiscount
from app.schemas.orders import OrderDiscountLine


def as_json(columns: Mapping[str, Any]) -> Function[Any]:
    """A JSON object of named columns; amounts travel as text, so that they never pass through a float."""
    parts: list[Any] = []
    for name, column in columns.items():
        exact = isinstance(column.type, Numeric)
        parts += [literal_column(f"'{name}'"), cast(column, Text) if exact else column]
    return func.json_build_object(*parts)


_DISCOUNT = {name: OrderDiscount.__table__.c[name] for name in OrderDiscountLine.model_fields}
DISCOUNTS = (
    select(func.json_agg(as_json(_DISCOUNT)).aggregate_order_by(OrderDiscount.id))
    .where(OrderDiscount.order_id == Order.id)
    .correlate(Order)
    .scalar_subquery()
)
"""The discounts of an order as a JSON list; null where it has none."""


def status_in(*statuses: OrderStatus) -> ColumnElement[bool]:
    """As literals, in the words of the partial index of orders in work, which parameters would keep from being used."""
    words = ", ".join(f"'{status}'" for status in OrderStatus if status in statuses)
    return literal_column(f"orders.status IN ({words})", type_=Boolean) if words else false()
