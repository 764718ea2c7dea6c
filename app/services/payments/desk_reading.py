"""What the payment desk shows."""

from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, literal_column, select

from app.domain.enums import OperationState
from app.errors import NotFound
from app.models import Order, Payment, PaymentOperation, User
from app.schemas.envelope import PageMeta
from app.schemas.pagination import decode_cursor, encode_cursor, page_meta
from app.schemas.payment_desk import DeskOperation, OperationAnswer, OperationFilter, OperationQuery, PaymentAnswer
from app.services.pages import counted
from app.transaction import reading


class PaymentNotFound(NotFound):
    """Also for an order on which nothing had to be paid."""

    code = "PAYMENT_NOT_FOUND"
    message = "There is no payment for this order."


_OPEN = (OperationState.CREATED, OperationState.SENT, OperationState.UNKNOWN)
_OPERATION = tuple(column for column in PaymentOperation.__table__.c if column.name in OperationAnswer.model_fields)
_WHOSE = (
    Order.id.label("order_id"),
    Order.order_number,
    Order.status.label("order_status"),
    Order.user_id.label("customer_id"),
    User.full_name.label("customer_name"),
)
_DESK = (
    select(*_OPERATION, Payment.currency, Payment.id.label("payment_id"), *_WHOSE)
    .join(Payment, Payment.id == PaymentOperation.payment_id)
    .join(Order, Order.id == Payment.order_id)
    .join(User, User.id == Order.user_id)
)
_ONE = _DESK.where(PaymentOperation.id == bindparam("operation_id"))


def operations(query: OperationQuery) -> tuple[list[DeskOperation], PageMeta]:
    """A page of payment operations, newest first (two statements; one by cursor). Raises ValidationFailed."""
    before = decode_cursor(query.cursor, int)[0] if query.cursor else None
    by_kind, by_cursor = query.kind is not None, before is not None
    values = {"kind": query.kind, "before": before, "offset": query.offset}
    with reading() as connection:
        rows = connection.execute(_page(query.state, query.limit, by_kind, by_cursor), values).all()
        total = None if by_cursor else connection.execute(_count(query.state, by_kind), values).scalar_one()
    shown, has_next = rows[: query.limit], len(rows) > query.limit
    meta = page_meta(
        limit=query.limit,
        offset=query.offset,
        total=total,
        has_next=has_next,
        next_cursor=encode_cursor(shown[-1].id) if shown else None,
    )
    return [DeskOperation.model_validate(row) for row in shown], meta


def operation(operation_id: int) -> DeskOperation:
    """One operation that is known to be there."""
    with reading() as connection:
        return DeskOperation.model_validate(connection.execute(_ONE, {"operation_id": operation_id}).one())


def payment(*, order_id: int) -> PaymentAnswer:
    """The payment of an order with its operations (two statements). Raises PaymentNotFound."""
    with reading() as connection:
        row = connection.execute(_PAYMENT, {"order_id": order_id}).one_or_none()
        if row is None:
            raise PaymentNotFound
        made = connection.execute(_OF_PAYMENT, {"payment_id": row.id}).all()
    return PaymentAnswer(**row._mapping, operations=[OperationAnswer.model_validate(one) for one in made])


_PAYMENT = (
    select(
        *(
            getattr(Payment, name)
            for name in PaymentAnswer.model_fields
            if hasattr(Payment, name) and name != "order_id"
        ),
        Order.total_amount,
        Order.final_total,
        *_WHOSE,
    )
    .join(Order, Order.id == Payment.order_id)
    .join(User, User.id == Order.user_id)
    .where(Payment.order_id == bindparam("order_id"))
)
_OF_PAYMENT = (
    select(*_OPERATION, Payment.currency)
    .join(Payment, Payment.id == PaymentOperation.payment_id)
    .where(PaymentOperation.payment_id == bindparam("payment_id"))
    .order_by(PaymentOperation.id)
)


@cache
def _page(state: OperationFilter, limit: int, by_kind: bool, by_cursor: bool) -> Select[Any]:
    statement = _narrowed(_DESK, state, by_kind).order_by(PaymentOperation.id.desc())
    if by_cursor:
        statement = statement.where(PaymentOperation.id < bindparam("before"))
    else:
        statement = statement.offset(bindparam("offset"))
    return statement.limit(literal_column(str(limit + 1)))


@cache
def _count(state: OperationFilter, by_kind: bool) -> Select[Any]:
    return select(counted(_narrowed(select(PaymentOperation.id), state, by_kind)))


def _narrowed(statement: Select[Any], state: OperationFilter, by_kind: bool) -> Select[Any]:
    """States stand in the statement as written words, so that the partial indexes of the few open ones are used."""
    states = _OPEN if state is OperationFilter.OPEN else (OperationState(state),)
    statement = statement.where(PaymentOperation.state.in_([literal_column(f"'{word}'") for word in states]))
    return statement.where(PaymentOperation.kind == bindparam("kind")) if by_kind else statement
