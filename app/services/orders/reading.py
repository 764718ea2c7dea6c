"""Reading one's own orders. Somebody else's order is not found, whatever the caller's role."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Numeric, Select, Text, and_, bindparam, cast, func, literal_column, select

from app.config import settings
from app.domain.caller import Caller
from app.domain.enums import FulfillmentType, PickedStatus, SoldBy
from app.domain.pricing import tax_table
from app.errors import NotFound
from app.models import Order, OrderItem, Payment, PaymentToken, StockLocation, User
from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.orders import (
    OrderAnswer,
    OrderBranch,
    OrderDeposit,
    OrderLine,
    OrderPayment,
    OrderQuery,
    OrderSlot,
    OrderTax,
)
from app.schemas.pagination import decode_cursor, encode_cursor, page_meta
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
    shown, has_next = rows[: query.limit], len(rows) > query.limit
    meta = page_meta(
        limit=query.limit,
        offset=query.offset,
        total=_total(rows, query, by_cursor=before is not None),
        has_next=has_next,
        next_cursor=encode_cursor(shown[-1].id) if shown else None,
    )
    return [_order(row) for row in shown], meta


def detail(*, order_id: int, caller: Caller) -> OrderAnswer:
    """One of the caller's orders (one statement). Raises OrderNotFound."""
    with reading() as connection:
        row = connection.execute(_DETAIL, {"order_id": order_id, "user_id": caller.user_id}).one_or_none()
    if row is None:
        raise OrderNotFound
    return _order(row)


def _line_columns() -> list[Any]:
    """Names and values of a line as JSON; amounts travel as text, so that they never pass through a float."""
    columns: list[Any] = []
    for name in _LINE_FIELDS:
        column = OrderItem.__table__.c[name]
        columns += [literal_column(f"'{name}'"), cast(column, Text) if name in _EXACT else column]
    return columns


_LINE_FIELDS = [name for name in OrderLine.model_fields if name in OrderItem.__table__.c]
_EXACT = [name for name in _LINE_FIELDS if isinstance(OrderItem.__table__.c[name].type, Numeric)]


_LINES = (
    select(func.json_agg(func.json_build_object(*_line_columns())).aggregate_order_by(OrderItem.id))
    .where(OrderItem.order_id == Order.id)
    .correlate(Order)
    .scalar_subquery()
)

_ORDERS = (
    select(
        *Order.__table__.c,
        _LINES.label("lines"),
        User.full_name.label("customer_name"),
        User.phone.label("customer_phone"),
        StockLocation.name.label("branch_name"),
        StockLocation.address.label("branch_address"),
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


def _order(row: AnyRow) -> OrderAnswer:
    """Made without validation, which took most of the time of a page: the database holds the rules already."""
    lines = [_line(line) for line in row.lines or ()]
    pickup = row.fulfillment_type is FulfillmentType.PICKUP
    return OrderAnswer.model_construct(
        **_plain(row._mapping),
        items_count=len(lines),
        branch=OrderBranch(id=row.stock_location_id, name=row.branch_name, address=row.branch_address),
        delivery_slot=_slot(row.delivery_slot_id, row.slot_start, row.slot_end),
        pickup_start=row.slot_start if pickup else None,
        pickup_end=row.slot_end if pickup else None,
        payment=_payment(row),
        items=lines,
        deposits=[_deposit(line) for line in lines if line.unit_deposit],
        tax_table=_taxes(lines, row.delivery_fee, row.delivery_tax_rate),
    )


_PLAIN = tuple(
    name for name in OrderAnswer.model_fields if name in {*Order.__table__.c.keys(), "customer_name", "customer_phone"}
)


def _line(values: dict[str, Any]) -> OrderLine:
    words = {"sold_by": SoldBy(values["sold_by"]), "picked_status": PickedStatus(values["picked_status"])}
    amounts = {name: Decimal(values[name]) for name in _EXACT if values[name] is not None}
    return OrderLine.model_construct(**{**values, **words, **amounts})


def _payment(row: AnyRow) -> OrderPayment | None:
    if row.reference is None:
        return None
    return OrderPayment.model_construct(**{name: row._mapping[name] for name in OrderPayment.model_fields})


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _PLAIN}


def _slot(slot_id: int | None, start: datetime | None, end: datetime | None) -> OrderSlot | None:
    """The booked window as a date and two times of day of the shop's zone."""
    if slot_id is None or start is None or end is None:
        return None
    starts, ends = start.astimezone(settings().zone), end.astimezone(settings().zone)
    return OrderSlot(
        id=slot_id,
        date=starts.date(),
        start_time=starts.time().replace(microsecond=0),
        end_time=ends.time().replace(microsecond=0),
    )


def _deposit(line: OrderLine) -> OrderDeposit:
    return OrderDeposit.model_construct(
        name=f"Deposit: {line.name}",
        quantity=line.quantity,
        unit_deposit=line.unit_deposit,
        total=line.unit_deposit * line.quantity,
    )


def _taxes(lines: Iterable[OrderLine], fee: Decimal, fee_rate: Decimal) -> list[OrderTax]:
    """The tax inside lines and delivery fee by rate; deposits carry none."""
    amounts = [(line.line_total, line.tax_rate) for line in lines]
    amounts += [(fee, fee_rate)] if fee else []
    return [OrderTax.model_construct(rate=rate, gross=gross, tax=tax) for rate, gross, tax in tax_table(amounts)]
