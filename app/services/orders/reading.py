"""Reading one's own orders. Somebody else's order is not found, whatever the caller's role."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, case, func, literal_column, select
from sqlalchemy.orm import aliased

from app.domain.caller import Caller
from app.domain.picking import LIVE
from app.errors import NotFound
from app.models import Order, OrderItem, Payment, PaymentToken, StockLocation, Substitution, User
from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.orders import OrderAnswer, OrderLine, OrderQuery, OrderSubstitution
from app.schemas.pagination import decode_cursor, encode_cursor, page_meta
from app.services.orders import shown
from app.services.orders.columns import DISCOUNTS, as_json
from app.transaction import reading

COUNTED_UP_TO = 1000


class OrderNotFound(NotFound):
    """The same answer for an order that does not exist and for one of somebody else."""

    message = "You have no such order."


def page(query: OrderQuery, caller: Caller) -> tuple[list[OrderAnswer], PageMeta]:
    """A page of the caller's orders with their lines, newest first (one statement). Raises ValidationFailed."""
    before = decode_cursor(query.cursor, int)[0] if query.cursor else None
    statement = _page_statement(query.limit, by_status=query.status is not None, by_cursor=before is not None)
    values = {"user_id": caller.user_id, "status": query.status, "before": before, "offset": query.offset}
    with reading() as connection:
        rows = connection.execute(statement, values).all()
    kept, has_next = rows[: query.limit], len(rows) > query.limit
    meta = page_meta(
        limit=query.limit,
        offset=query.offset,
        total=_total(rows, query, by_cursor=before is not None),
        has_next=has_next,
        next_cursor=encode_cursor(kept[-1].id) if kept else None,
    )
    return [shown.order(row) for row in kept], meta


def detail(*, order_id: int, caller: Caller) -> OrderAnswer:
    """One of the caller's orders (one statement). Raises OrderNotFound."""
    with reading() as connection:
        row = connection.execute(_DETAIL, {"order_id": order_id, "user_id": caller.user_id}).one_or_none()
    if row is None:
        raise OrderNotFound
    return shown.order(row)


_SUBSTITUTION = {
    name: Substitution.__table__.c[name] for name in OrderSubstitution.model_fields if name in Substitution.__table__.c
}
_LINE = {
    **{name: OrderItem.__table__.c[name] for name in OrderLine.model_fields if name in OrderItem.__table__.c},
    "substitution": case((Substitution.id.is_not(None), as_json(_SUBSTITUTION))),
}
_LINES = (
    select(func.json_agg(as_json(_LINE)).aggregate_order_by(OrderItem.id))
    .select_from(OrderItem)
    .outerjoin(Substitution, and_(Substitution.order_item_id == OrderItem.id, Substitution.status.in_(LIVE)))
    .where(OrderItem.order_id == Order.id)
    .correlate(Order)
    .scalar_subquery()
)
_DRIVER = aliased(User)

_ORDERS = (
    select(
        *Order.__table__.c,
        _LINES.label("lines"),
        DISCOUNTS.label("discounts"),
        User.full_name.label("customer_name"),
        User.phone.label("customer_phone"),
        StockLocation.name.label("branch_name"),
        StockLocation.address.label("branch_address"),
        _DRIVER.full_name.label("driver_name"),
        Payment.reference,
        Payment.provider,
        Payment.authorized_amount,
        Payment.captured_amount,
        Payment.refunded_amount,
        PaymentToken.last4,
    )
    .select_from(Order)
    .join(User, User.id == Order.user_id)
    .join(StockLocation, StockLocation.id == Order.stock_location_id)
    .outerjoin(_DRIVER, _DRIVER.id == Order.driver_id)
    .outerjoin(Payment, Payment.order_id == Order.id)
    .outerjoin(PaymentToken, PaymentToken.id == Payment.payment_token_id)
)
_OWN = Order.user_id == bindparam("user_id")
_DETAIL = _ORDERS.where(Order.id == bindparam("order_id"), _OWN)


@cache
def _page_statement(limit: int, *, by_status: bool, by_cursor: bool) -> Select[Any]:
    """The page's orders are chosen first, so that lines are gathered for them alone.

    The page size is a literal: as a parameter it would keep PostgreSQL from settling on a plan (at most 200 sizes).
    """
    mine = and_(_OWN, Order.status == bindparam("status")) if by_status else _OWN
    chosen = select(Order.id).where(mine).order_by(Order.id.desc()).limit(literal_column(str(limit + 1)))
    chosen = chosen.where(Order.id < bindparam("before")) if by_cursor else chosen.offset(bindparam("offset"))
    counted = select(Order.id).where(mine).limit(literal_column(str(COUNTED_UP_TO + 1))).subquery()
    total = select(func.count()).select_from(counted).scalar_subquery()
    return (
        _ORDERS.add_columns(total.label("total")).where(Order.id.in_(chosen.correlate(None))).order_by(Order.id.desc())
    )


def _total(rows: Iterable[AnyRow], query: OrderQuery, *, by_cursor: bool) -> int | None:
    """The number of orders up to 1,000; None beyond, and where an empty page brought no count along."""
    for row in rows:
        return row.total if row.total <= COUNTED_UP_TO else None
    return 0 if query.offset == 0 and not by_cursor else None
