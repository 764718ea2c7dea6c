"""Reading orders of vendors' shops: each side its own, the office all of them. One statement each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    bindparam,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute

from app.domain.caller import Caller
from app.models import Order, Shop, User
from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.pagination import COUNTED_UP_TO, decode_cursor, encode_cursor
from app.schemas.shop_orders import (
    AdminShopOrder,
    AdminShopOrderDetail,
    AdminShopOrderQuery,
    ConsumerShopOrder,
    ConsumerShopOrderDetail,
    ShopOrderQuery,
    VendorShopOrder,
    VendorShopOrderDetail,
)
from app.services.containing import contains
from app.services.pages import counted, meta_of
from app.services.shop_orders import shown
from app.services.shop_orders.columns import IS_DECIDED, IS_SHOP_ORDER, SHOP_ORDER_DETAIL, SHOP_ORDERS
from app.services.shop_orders.finding import OrderNotFound
from app.services.shops.own import own_shop
from app.transaction import reading


@dataclass(frozen=True, slots=True)
class _Whose:
    """Some of all orders. They are sorted by what an index has in that order: by id, or `by_age` those of shops."""

    conditions: tuple[ColumnElement[bool], ...]
    by_age: bool = False

    @property
    def keys(self) -> tuple[InstrumentedAttribute[Any], ...]:
        return (Order.created_at, Order.id) if self.by_age else (Order.id,)

    @property
    def kinds(self) -> tuple[type, ...]:
        return (datetime, int) if self.by_age else (int,)

    @property
    def newest_first(self) -> tuple[ColumnElement[Any], ...]:
        return tuple(key.desc() for key in self.keys)

    def following(self) -> ColumnElement[bool]:
        """The rows after the one whose keys are the parameters `before_0` and `before_1`."""
        last = [bindparam(f"before_{place}", type_=key.type) for place, key in enumerate(self.keys)]
        return tuple_(*self.keys) < tuple_(*last)


_OF_SHOP = (Order.stock_location_id == bindparam("shop_id", type_=BigInteger), IS_SHOP_ORDER)
_AT_SHOP = (Order.stock_location_id == Shop.id,)

Scope = Literal["consumer", "vendor", "shop", "all"]
_SCOPES: dict[Scope, _Whose] = {
    "consumer": _Whose((Order.user_id == bindparam("user_id", type_=BigInteger), IS_SHOP_ORDER)),
    "vendor": _Whose((*_OF_SHOP, IS_DECIDED), by_age=True),
    "shop": _Whose(_OF_SHOP, by_age=True),
    "all": _Whose((), by_age=True),
}

_PART = bindparam("q", type_=String)
_ASKED: dict[str, ColumnElement[bool]] = {
    "status": Order.status == bindparam("status"),
    "q": or_(
        contains(Order.order_number, _PART),
        Order.user_id.in_(select(User.id).where(contains(User.phone, _PART)).correlate(None)),
    ),
}


def of_consumer(query: ShopOrderQuery, caller: Caller) -> tuple[list[ConsumerShopOrder], PageMeta]:
    """A page of the caller's own orders with their lines, newest first (one statement). Raises ValidationFailed."""
    rows, meta = _page(query, "consumer", {"user_id": caller.user_id})
    return [shown.for_consumer(row) for row in rows], meta


def of_vendor(query: ShopOrderQuery, caller: Caller) -> tuple[list[VendorShopOrder], PageMeta]:
    """A page of the orders of the caller's shop, newest first (two statements).

    Those that still await a payment are not the vendor's business yet. Raises ShopNotFound or ValidationFailed.
    """
    with reading() as connection:
        shop_id = own_shop(connection, caller)
    rows, meta = _page(query, "vendor", {"shop_id": shop_id})
    return [shown.for_vendor(row) for row in rows], meta


def of_all(query: AdminShopOrderQuery) -> tuple[list[AdminShopOrder], PageMeta]:
    """A page of the orders of all shops, or of one, newest first (one statement). Raises ValidationFailed."""
    scope: Scope = "all" if query.shop_id is None else "shop"
    rows, meta = _page(query, scope, {"shop_id": query.shop_id}, q=query.q)
    return [shown.for_office(row) for row in rows], meta


def consumers_order(*, order_id: int, caller: Caller) -> ConsumerShopOrderDetail:
    """One of the caller's own orders in full (one statement). Raises OrderNotFound."""
    return shown.detail_for_consumer(_one(_CONSUMERS_ONE, order_id=order_id, user_id=caller.user_id))


def vendors_order(*, order_id: int, caller: Caller) -> VendorShopOrderDetail:
    """One order of the caller's shop in full (one statement). Raises OrderNotFound."""
    return shown.detail_for_vendor(_one(_VENDORS_ONE, order_id=order_id, owner_id=caller.user_id))


def any_order(*, order_id: int) -> AdminShopOrderDetail:
    """One order of any shop in full (one statement). Raises OrderNotFound."""
    return shown.detail_for_office(_one(_ANY_ONE, order_id=order_id))


_ONE = SHOP_ORDER_DETAIL.where(Order.id == bindparam("order_id", type_=BigInteger))
_CONSUMERS_ONE = _ONE.where(*_SCOPES["consumer"].conditions)
_VENDORS_ONE = _ONE.where(Shop.owner_id == bindparam("owner_id", type_=BigInteger), IS_SHOP_ORDER, IS_DECIDED)
_ANY_ONE = _ONE.where(IS_SHOP_ORDER)


def _one(statement: Select[Any], **values: int) -> AnyRow:
    with reading() as connection:
        row = connection.execute(statement, values).one_or_none()
    if row is None:
        raise OrderNotFound
    return row


def _page(
    query: ShopOrderQuery, scope: Scope, values: Mapping[str, Any], *, q: str | None = None
) -> tuple[Sequence[AnyRow], PageMeta]:
    asked = {"status": query.status, "q": q}
    whose = _SCOPES[scope]
    last = decode_cursor(query.cursor, *whose.kinds) if query.cursor else ()
    place = {f"before_{number}": key for number, key in enumerate(last)} | {"offset": 0 if last else query.offset}
    statement = _statement(scope, tuple(name for name in asked if asked[name]), query.limit, by_cursor=bool(last))
    with reading() as connection:
        rows = connection.execute(statement, {**values, **asked, **place}).all()
    return rows[: query.limit], meta_of(rows, query, lambda row: _cursor(whose, row))


def _cursor(whose: _Whose, row: AnyRow) -> str:
    return encode_cursor(*(row._mapping[key.key] for key in whose.keys))


@cache
def _statement(scope: Scope, asked: tuple[str, ...], limit: int, *, by_cursor: bool) -> Select[Any]:
    """The page's orders are chosen first, so that lines are gathered for them alone.

    The page size is a literal: as a parameter it would keep PostgreSQL from settling on a plan (at most 200 sizes).
    """
    whose = _SCOPES[scope]
    narrowed = [_ASKED[name] for name in asked]
    chosen = _chosen(scope, [*narrowed, whose.following()] if by_cursor else narrowed, limit)
    total = counted(_every(scope, narrowed)).label("total")
    page = SHOP_ORDERS.add_columns(total).where(Order.id.in_(chosen.correlate(None)))
    return page.order_by(*whose.newest_first)


def _chosen(scope: Scope, conditions: Sequence[ColumnElement[bool]], limit: int) -> Select[Any]:
    """The ids of a page. Over all shops each one is walked backwards on `ix_orders_place`, and no other row read."""
    whose, offset = _SCOPES[scope], bindparam("offset", type_=Integer)
    one_more: ColumnElement[int] = literal_column(str(limit + 1))
    if scope != "all":
        orders = select(Order.id).where(*whose.conditions, *conditions)
        return orders.order_by(*whose.newest_first).limit(one_more).offset(offset)
    here = select(*whose.keys).where(*_AT_SHOP, *conditions).order_by(*whose.newest_first).limit(offset + one_more)
    of_shop = here.correlate(Shop).lateral("of_shop")
    found = select(of_shop.c.id).select_from(Shop).join(of_shop, true())
    return found.order_by(of_shop.c.created_at.desc(), of_shop.c.id.desc()).limit(one_more).offset(offset)


def _every(scope: Scope, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """The ids of all rows, for counting the first of them; over all shops on that index too, shop by shop."""
    if scope != "all":
        return select(Order.id).where(*_SCOPES[scope].conditions, *conditions)
    here = select(Order.id).where(*_AT_SHOP, *conditions).order_by(*_SCOPES[scope].newest_first)
    of_shop = here.limit(literal_column(str(COUNTED_UP_TO + 1))).correlate(Shop).lateral("some_of_shop")
    return select(of_shop.c.id).select_from(Shop).join(of_shop, true())
