"""The hours of a shop's week."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.shop_hours import Interval, clock
from app.models import ShopHours
from app.schemas.shops import OpenInterval, WeeklyHours
from app.services import audit
from app.services.shops.own import locked_shop, own_shop
from app.transaction import reading, transaction

_OF_SHOP = ShopHours.shop_id == bindparam("shop_id")
_LISTED = (
    select(ShopHours.day_of_week, ShopHours.open_time, ShopHours.close_time)
    .where(_OF_SHOP)
    .order_by(ShopHours.day_of_week, ShopHours.open_time)
)
_CLEAR = delete(ShopHours).where(_OF_SHOP).execution_options(synchronize_session=False)


def replace(form: WeeklyHours, caller: Caller) -> list[OpenInterval]:
    """Give the caller's shop another week; it counts at once. Raises ShopNotFound."""
    with transaction() as session:
        shop = locked_shop(session, caller)
        old, new = weekly_hours(session, shop_id=shop.id), [_shown(interval) for interval in form.intervals]
        if old != new:
            session.execute(_CLEAR, {"shop_id": shop.id})
            session.execute(insert(ShopHours), [_row(shop.id, interval) for interval in form.intervals])
            _note(session, shop.id, caller, old, new)
        return new


def mine(caller: Caller) -> list[OpenInterval]:
    """The hours of the caller's shop in the order of the week (two statements). Raises ShopNotFound."""
    with reading() as connection:
        return weekly_hours(connection, shop_id=own_shop(connection, caller))


def weekly_hours(source: Connection | Session, *, shop_id: int) -> list[OpenInterval]:
    """The hours of a shop; none where it is open all day. A step."""
    rows = source.execute(_LISTED, {"shop_id": shop_id})
    return [_shown(Interval(row.day_of_week, row.open_time, row.close_time)) for row in rows]


def _shown(interval: Interval) -> OpenInterval:
    return OpenInterval(
        day_of_week=interval.day_of_week, open_time=clock(interval.opens), close_time=clock(interval.closes)
    )


def _row(shop_id: int, interval: Interval) -> dict[str, Any]:
    times = {"open_time": interval.opens, "close_time": interval.closes}
    return {"shop_id": shop_id, "day_of_week": interval.day_of_week, **times}


def _note(
    session: Session, shop_id: int, caller: Caller, old: Sequence[OpenInterval], new: Sequence[OpenInterval]
) -> None:
    before, after = ({"weekly_hours": [entry.model_dump() for entry in hours]} for hours in (old, new))
    audit.record(session, entity_type="shop", action="HOURS", entity_id=shop_id, by=caller, old=before, new=after)
