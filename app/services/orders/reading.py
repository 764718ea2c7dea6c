"""Reading one's own orders. Somebody else's order is not found, whatever the caller's role."""

from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, case, func, literal_column, select
from sqlalchemy.orm import aliased

from app.domain.caller import Caller
from app.domain.picking import LIVE
from app.errors import NotFound
from app.models import Order, OrderItem, Payment, PaymentToken, StockLocation, Substitution, User
from app.schemas.envelope import PageMeta
from app.schemas.orders import OrderAnswer, OrderLine, OrderQuery, OrderSubstitution
from app.schemas.pagination import decode_cursor, encode_cursor
from app.services.orders import shown
from app.services.orders.columns import DISCOUNTS, as_json
from app.services.orders.ours import OURS
from app.services.pages import counted, meta_of
from app.transaction import reading


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
    meta = meta_of(rows, query, lambda row: encode_cursor(row.id))
    return [shown.order(row) for row in rows[: query.limit]], meta


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
_OWN = and_(Order.user_id == bindparam("user_id"), OURS)
_DETAIL = _ORDERS.where(Order.id == bindparam("order_id"), _OWN)


@cache
def _page_statement(limit: int, *, by_status: bool, by_cursor: bool) -> Select[Any]:
    """The page's orders are chosen first, so that lines are gathered for them alone.

    The page size is a literal: as a parameter it would keep PostgreSQL from settling on a plan (at most 200 sizes).
    """
    mine = and_(_OWN, Order.status == bindparam("status")) if by_status else _OWN
    chosen = select(Order.id).where(mine).order_by(Order.id.desc()).limit(literal_column(str(limit + 1)))
    chosen = chosen.where(Order.id < bindparam("before")) if by_cursor else chosen.offset(bindparam("offset"))
    page = _ORDERS.add_columns(counted(select(Order.id).where(mine)).label("total"))
    return page.where(Order.id.in_(chosen.correlate(None))).order_by(Order.id.desc())
