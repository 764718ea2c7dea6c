"""Whether a shop sells at this moment: its switch, its hours, its holidays and what the office says."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, SmallInteger, Time, and_, bindparam, exists, false, func, or_, true

from app.config import settings
from app.errors import Conflict
from app.models import Shop, ShopHoliday, ShopHours, StockLocation, User


class ShopClosed(Conflict):
    code = "SHOP_CLOSED"
    message = "Shop is currently closed"


def may_sell() -> ColumnElement[bool]:
    """Whether the office lets the shop of a statement over `shops` and `stock_locations` sell at all."""
    verified = Shop.verified if settings().require_verified_shops else true()
    return and_(StockLocation.is_active, verified)


def open_now() -> ColumnElement[bool]:
    """Whether the shop of a statement over `shops` and `stock_locations` is open; execute it with `this_moment()`."""
    hours = ShopHours.shop_id == Shop.id
    now = bindparam("local_time", type_=Time)
    within = and_(
        hours,
        ShopHours.day_of_week == bindparam("local_weekday", type_=SmallInteger),
        ShopHours.open_time <= now,
        now < ShopHours.close_time,
    )
    holiday = and_(ShopHoliday.shop_id == Shop.id, ShopHoliday.day == bindparam("local_day", type_=Date))
    in_hours = or_(~exists().where(hours), exists().where(within))
    return and_(Shop.is_open, may_sell(), ~exists().where(holiday), in_hours)


def serves(user: type[User]) -> ColumnElement[bool]:
    """Whether the shop of a statement that joins `users` sells to that person: a neighbour, or it delivers."""
    neighbours = and_(
        func.lower(Shop.city) == func.lower(user.city), func.lower(Shop.society) == func.lower(user.society)
    )
    return or_(Shop.delivers, func.coalesce(neighbours, false()))


def this_moment() -> dict[str, Any]:
    """The parameters of `open_now`: date, weekday (0 is Monday) and time of day where the shops are."""
    now = datetime.now(settings().zone)
    return {"local_day": now.date(), "local_weekday": now.weekday(), "local_time": now.time()}
