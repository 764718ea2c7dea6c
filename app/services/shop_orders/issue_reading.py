"""Lists of issues: of one order for its consumer, of a shop for its vendor, of all for the office; newest first."""

from typing import Any

from sqlalchemy import BigInteger, Connection, Select, String, bindparam, or_, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.models import Order, OrderIssue, StockLocation, User
from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.pagination import Page
from app.schemas.shop_talk import DisputeAnswer, DisputeQuery, IssueAnswer, VendorIssueQuery
from app.services.containing import contains
from app.services.pages import Statement, newest_first
from app.services.shop_orders.columns import IS_DECIDED, IS_SHOP_ORDER
from app.services.shop_orders.finding import OrderNotFound
from app.services.shops.own import own_shop
from app.transaction import reading

_ISSUES: Select[*tuple[Any, ...]] = (
    select(
        OrderIssue.id,
        OrderIssue.order_id,
        Order.order_number,
        User.phone.label("user_phone"),
        OrderIssue.issue_type,
        OrderIssue.description,
        OrderIssue.status,
        OrderIssue.resolution,
        OrderIssue.created_at,
        OrderIssue.updated_at,
        OrderIssue.resolved_at,
    )
    .join(Order, Order.id == OrderIssue.order_id)
    .join(User, User.id == OrderIssue.user_id)
)
_DISPUTES = _ISSUES.add_columns(
    OrderIssue.user_id,
    User.full_name.label("user_name"),
    StockLocation.id.label("shop_id"),
    StockLocation.name.label("shop_name"),
).join(StockLocation, StockLocation.id == Order.stock_location_id)

_OF_ORDER = OrderIssue.order_id == bindparam("order_id", type_=BigInteger)
_OF_STATUS = OrderIssue.status == bindparam("status")
_OF_SHOP = _ISSUES.where(Order.stock_location_id == bindparam("shop_id", type_=BigInteger))
_PART = bindparam("q", type_=String)
_MATCHING = or_(contains(Order.order_number, _PART), contains(User.phone, _PART), contains(StockLocation.name, _PART))
_BY_ID = OrderIssue.id == bindparam("issue_id", type_=BigInteger)
_ONE, _ONE_DISPUTE = _ISSUES.where(_BY_ID), _DISPUTES.where(_BY_ID)


def one(session: Session, *, issue_id: int) -> AnyRow:
    """An issue that is known to be there. A step."""
    session.flush()
    return session.execute(_ONE, {"issue_id": issue_id}).one()


def one_dispute(session: Session, *, issue_id: int) -> AnyRow:
    """The same as the office sees it. A step."""
    session.flush()
    return session.execute(_ONE_DISPUTE, {"issue_id": issue_id}).one()


def of_order(query: Page, caller: Caller, *, order_id: int) -> tuple[list[IssueAnswer], PageMeta]:
    """The issues of one of the caller's own orders (two statements). Raises OrderNotFound."""
    with reading() as connection:
        _check(connection, _OWN_ORDER, order_id=order_id, user_id=caller.user_id)
    rows, meta = newest_first(_ISSUES.where(_OF_ORDER), OrderIssue.id, query, {"order_id": order_id})
    return [IssueAnswer.model_validate(row) for row in rows], meta


def of_vendor(query: VendorIssueQuery, caller: Caller) -> tuple[list[IssueAnswer], PageMeta]:
    """The issues of the caller's shop, or of one order of it (at most three statements).

    Raises ShopNotFound or OrderNotFound.
    """
    with reading() as connection:
        shop_id = own_shop(connection, caller)
        if query.order_id is not None:
            _check(connection, _SHOPS_ORDER, order_id=query.order_id, shop_id=shop_id)
    asked = {"order_id": query.order_id, "status": query.status}
    rows, meta = newest_first(_narrowed(_OF_SHOP, asked), OrderIssue.id, query, {"shop_id": shop_id, **asked})
    return [IssueAnswer.model_validate(row) for row in rows], meta


def of_all(query: DisputeQuery) -> tuple[list[DisputeAnswer], PageMeta]:
    """The issues of all shops (one statement)."""
    asked = {"q": query.q or None, "status": query.status}
    rows, meta = newest_first(_narrowed(_DISPUTES, asked), OrderIssue.id, query, asked)
    return [DisputeAnswer.model_validate(row) for row in rows], meta


_CONDITIONS = {"order_id": _OF_ORDER, "status": _OF_STATUS, "q": _MATCHING}


def _narrowed(statement: Statement, asked: dict[str, Any]) -> Statement:
    return statement.where(*(_CONDITIONS[name] for name, value in asked.items() if value is not None))


_ORDER = select(Order.id).where(Order.id == bindparam("order_id", type_=BigInteger), IS_SHOP_ORDER)
_OWN_ORDER = _ORDER.where(Order.user_id == bindparam("user_id", type_=BigInteger))
_SHOPS_ORDER = _ORDER.where(Order.stock_location_id == bindparam("shop_id", type_=BigInteger), IS_DECIDED)


def _check(connection: Connection, statement: Select[Any], **values: int) -> None:
    """Raises OrderNotFound."""
    if connection.execute(statement, values).first() is None:
        raise OrderNotFound
