"""Shops near a consumer: those of the society, and on request those of the city that deliver."""

from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    Select,
    String,
    Text,
    and_,
    bindparam,
    case,
    column,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.config import settings
from app.domain.caller import Caller
from app.errors import BadRequest
from app.models import Product, Shop, ShopItem, StockLocation, User
from app.schemas.envelope import PageMeta
from app.schemas.shown_shops import Area, ShopQuery, ShopSearchQuery, ShownShop
from app.services.pages import Statement, paged, read_page
from app.services.shop_items.found import FOUND, WORDS, text_query
from app.services.shops.opening import may_sell, open_now, this_moment
from app.services.shops.rating import RATING
from app.transaction import reading


class SearchQueryMissing(BadRequest):
    code = "SEARCH_QUERY_MISSING"
    message = "Missing search query 'q'"


_FEW_ITEMS = 5_000
_FEW_SHOPS = 40

_HOME = select(func.lower(User.city).label("city"), func.lower(User.society).label("society")).where(
    User.id == bindparam("user_id")
)


def shop_columns() -> tuple[Any, ...]:
    """What consumers see of a shop in a list; execute it with `this_moment()`."""
    return (
        Shop.id,
        StockLocation.name.label("shop_name"),
        Shop.shop_type,
        Shop.description,
        open_now().label("is_open"),
        Shop.delivers,
        Shop.appointment_only,
        Shop.category_tags,
        Shop.logo_url,
        Shop.featured,
        Shop.verified,
        Shop.city,
        Shop.society,
        RATING,
        Shop.rating_count,
    )


def near(query: ShopQuery, caller: Caller) -> tuple[list[ShownShop], PageMeta]:
    """Shops of the caller's society (or city), oldest first; all of them for who lives nowhere yet (two statements).

    Raises ValidationFailed for a cursor of another list.
    """
    home = _home(caller)
    wanted = query.status if query.status in ("open", "closed") else None
    asked = {"shop_type": query.type or "", "tags": query.tag, "open": wanted == "open"}
    return _page(_listed(_reach(home, query.area), wanted is not None, *_variant()), query, home | asked)


def search(query: ShopSearchQuery, caller: Caller) -> tuple[list[ShownShop], PageMeta]:
    """Open shops near the caller with `q` in their name or type, or in one of their items (two statements).

    Raises SearchQueryMissing, or ValidationFailed for a cursor of another list.
    """
    if not query.q:
        raise SearchQueryMissing
    home = _home(caller)
    asked = {"q": query.q, "words": text_query(query.q)}
    return _page(_searched(_reach(home, query.area), *_variant()), query, home | asked)


def _page(
    statement: Statement, query: ShopQuery | ShopSearchQuery, values: dict[str, Any]
) -> tuple[list[ShownShop], PageMeta]:
    rows, meta = read_page(statement, query, values | this_moment())
    names = tuple(ShownShop.model_fields)
    return [ShownShop(**{name: getattr(row, name) for name in names}) for row in rows], meta


def _home(caller: Caller) -> dict[str, str | None]:
    """City and society of the caller in lower case."""
    with reading() as connection:
        return dict(connection.execute(_HOME, {"user_id": caller.user_id}).one()._mapping)


def _reach(home: dict[str, str | None], area: Area) -> Area | None:
    """How far to look; None: everywhere."""
    return area if home["city"] and home["society"] else None


def _variant() -> tuple[bool]:
    """What of the settings goes into the text of a statement (`may_sell`)."""
    return (settings().require_verified_shops,)


def _around(reach: Area | None) -> ColumnElement[bool]:
    in_city = func.lower(Shop.city) == bindparam("city", type_=String)
    in_society = func.lower(Shop.society) == bindparam("society", type_=String)
    if reach is None:
        return true()
    return and_(in_city, in_society if reach == "society" else or_(in_society, Shop.delivers))


@cache
def _listed(reach: Area | None, by_status: bool, _verified_only: bool) -> Statement:
    tag = (
        func.unnest(bindparam("tags", type_=ARRAY(Text)))
        .table_valued(column("tag", Text), name="wanted")
        .render_derived()
    )
    missing = select(tag.c.tag).where(func.strpos(func.lower(Shop.category_tags), func.lower(tag.c.tag)) == 0)
    of_type = func.strpos(func.lower(Shop.shop_type), func.lower(bindparam("shop_type", type_=Text))) > 0
    rows = _shops(reach).where(of_type, ~exists(missing.correlate(Shop)))
    if by_status:
        rows = rows.where(open_now() == bindparam("open", type_=Boolean))
    return paged(rows)


@cache
def _searched(reach: Area | None, _verified_only: bool) -> Statement:
    wanted = func.lower(bindparam("q", type_=Text))
    named = or_(
        func.strpos(func.lower(StockLocation.name), wanted) > 0, func.strpos(func.lower(Shop.shop_type), wanted) > 0
    )
    around = _shops(reach).add_columns(named.label("named")).where(open_now()).cte("around").prefix_with("MATERIALIZED")
    return paged(select(around).where(or_(around.c.named, _offers(around))))


def _offers(around: CTE) -> ColumnElement[bool]:
    """Whether a shop of the statement has an item with the words, decided so that never all items are read.

    Of a few shops the items are read one by one. Of many, words that few items have are looked up in the index of
    words; for others each shop's items are read until one has them, which is soon, as they are common.
    """
    shop_id = around.c.id
    few_shops = select(func.count() <= _FEW_SHOPS).select_from(around).scalar_subquery()
    few = (
        select(Product.id, Product.shop_id)
        .where(FOUND, Product.shop_id.is_not(None), Product.is_active)
        .limit(literal_column(str(_FEW_ITEMS + 1)))
        .cte("few")
        .prefix_with("MATERIALIZED")
    )
    are_few = select(func.count() <= _FEW_ITEMS).select_from(few).scalar_subquery()
    offered = select(few.c.shop_id).join(ShopItem, ShopItem.product_id == few.c.id).where(ShopItem.is_available)
    fenced = (
        select(Product.search_vector)
        .join(ShopItem, ShopItem.product_id == Product.id)
        .where(Product.shop_id == shop_id, Product.is_active, ShopItem.is_available)
        .offset(literal_column("0"))  # keeps the planner from asking the index of words once for each shop
        .correlate(around)
        .lateral("offered")
    )
    first = select(true()).where(fenced.c.search_vector.op("@@")(WORDS)).limit(literal_column("1")).scalar_subquery()
    one_by_one = func.coalesce(first, false())
    return case((few_shops, one_by_one), (are_few, shop_id.in_(offered)), else_=one_by_one)


def _shops(reach: Area | None) -> Select[Any]:
    rows = select(*shop_columns()).select_from(Shop).join(StockLocation, StockLocation.id == Shop.id)
    return rows.where(may_sell(), _around(reach))
