"""One shop with its items, as consumers see them."""

from datetime import time
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.config import settings
from app.domain.shop_hours import clock
from app.models import Inventory, Shop, ShopHours, ShopItem, StockLocation
from app.models.base import AnyRow
from app.schemas.shops import OpenInterval
from app.schemas.shown_shops import ShopItemQuery, ShopItems, ShopWithItems, ShownItem
from app.services.pages import Statement
from app.services.shop_items.columns import FACTS
from app.services.shop_items.found import FOUND, text_query
from app.services.shop_items.paging import of_shop_item, page_of_items, read_items
from app.services.shops.opening import ShopClosed, may_sell, this_moment
from app.services.shops.own import ShopNotFound
from app.services.shops.searching import shop_columns
from app.transaction import reading


def items(query: ShopItemQuery, *, shop_id: int) -> ShopItems:
    """What a shop offers, oldest first (two statements). Anybody may look; who may order is another matter.

    Raises ShopNotFound (also for a shop the office has suspended), ShopClosed, or ValidationFailed for a bad cursor.
    """
    shop = _shop(shop_id)
    if not shop.is_open:
        raise ShopClosed
    asked = {"shop_id": shop_id, "words": text_query(query.q or ""), "category": query.category}
    rows, meta = read_items(_offered(bool(query.q), bool(query.category)), query, asked)
    names = tuple(ShownItem.model_fields)
    found = [ShownItem(**{name: getattr(row, name) for name in names}) for row in rows]
    return ShopItems(shop=_shown(shop), items=found, pagination=meta)


def _shop(shop_id: int) -> AnyRow:
    with reading() as connection:
        values = {"shop_id": shop_id, **this_moment()}
        row = connection.execute(_one(settings().require_verified_shops), values).one_or_none()
    if row is None:
        raise ShopNotFound
    return row


@cache
def _one(_verified_only: bool) -> Select[Any]:
    rows = select(*shop_columns(), Shop.phone, Shop.minimum_order, Shop.delivery_fee, _weekly_hours())
    rows = rows.select_from(Shop).join(StockLocation, StockLocation.id == Shop.id)
    return rows.where(Shop.id == bindparam("shop_id", type_=BigInteger), may_sell())


def _weekly_hours() -> Any:
    """The shop's hours as [day, opens, closes], the times in ISO 8601."""
    interval = func.jsonb_build_array(ShopHours.day_of_week, ShopHours.open_time, ShopHours.close_time)
    hours = select(func.jsonb_agg(aggregate_order_by(interval, ShopHours.day_of_week, ShopHours.open_time)))
    return hours.where(ShopHours.shop_id == Shop.id).correlate(Shop).scalar_subquery().label("hours")


def _shown(row: AnyRow) -> ShopWithItems:
    values = {name: getattr(row, name) for name in ShopWithItems.model_fields if name != "weekly_hours"}
    hours = [
        OpenInterval(day_of_week=day, open_time=_clock(opens), close_time=_clock(closes))
        for day, opens, closes in row.hours or ()
    ]
    return ShopWithItems(**values, weekly_hours=hours)


def _clock(moment: str) -> str:
    return clock(time.fromisoformat(moment))


@cache
def _offered(searched: bool, by_category: bool) -> Statement:
    offered: ColumnElement[bool] = ShopItem.is_available.is_(True)
    if by_category:
        offered = offered & (func.lower(ShopItem.category) == func.lower(bindparam("category", type_=Text)))
    in_stock = (Inventory.available_quantity > 0).label("in_stock")
    only = [of_shop_item(offered), *([FOUND] if searched else [])]
    return page_of_items(*FACTS, in_stock, only=only)
