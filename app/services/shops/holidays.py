"""The days on which a shop is closed whatever its hours say."""

from datetime import date, timedelta

from sqlalchemy import Date, bindparam, delete, select

from app.domain.caller import Caller
from app.errors import BadRequest, NotFound
from app.models import ShopHoliday
from app.schemas.shops import Holiday, ShownHoliday
from app.services import audit, changes
from app.services.shop_clock import today
from app.services.shops.own import locked_shop, own_shop
from app.transaction import reading, transaction

HORIZON = timedelta(days=366)


class HolidayOutOfReach(BadRequest):
    code = "HOLIDAY_OUT_OF_REACH"
    message = f"A holiday is today or one of the next {HORIZON.days} days."


class HolidayNotFound(NotFound):
    code = "HOLIDAY_NOT_FOUND"
    message = "The shop has no holiday on this day."


_COMING = (
    select(ShopHoliday.day, ShopHoliday.reason)
    .where(ShopHoliday.shop_id == bindparam("shop_id"), ShopHoliday.day >= bindparam("first_day", type_=Date))
    .order_by(ShopHoliday.day)
)
_REMOVE = (
    delete(ShopHoliday)
    .where(ShopHoliday.shop_id == bindparam("shop_id"), ShopHoliday.day == bindparam("day"))
    .returning(ShopHoliday.reason)
    .execution_options(synchronize_session=False)
)


def coming(caller: Caller) -> list[ShownHoliday]:
    """The caller's holidays from today on, soonest first (two statements). Raises ShopNotFound."""
    with reading() as connection:
        shop_id = own_shop(connection, caller)
        rows = connection.execute(_COMING, {"shop_id": shop_id, "first_day": today()})
        return [ShownHoliday.model_validate(row) for row in rows]


def add(form: Holiday, caller: Caller) -> None:
    """Close the caller's shop for a day, or change the reason. Raises HolidayOutOfReach, ShopNotFound."""
    if not today() <= form.day <= today() + HORIZON:
        raise HolidayOutOfReach
    with transaction() as session:
        shop = locked_shop(session, caller)
        holiday = session.get(ShopHoliday, (shop.id, form.day))
        if holiday is None:
            session.add(ShopHoliday(shop_id=shop.id, **form.model_dump()))
            done = changes.Change({}, changes.in_json(form.model_dump()))
        else:
            done = changes.apply(holiday, {"reason": form.reason})
        context = {"day": form.day.isoformat()}
        changes.record(
            session, done, entity_type="shop", action="HOLIDAY", entity_id=shop.id, by=caller, context=context
        )


def remove(caller: Caller, *, day: date) -> None:
    """Open the caller's shop on that day after all. Raises ShopNotFound, HolidayNotFound."""
    with transaction() as session:
        shop = locked_shop(session, caller)
        row = session.execute(_REMOVE, {"shop_id": shop.id, "day": day}).one_or_none()
        if row is None:
            raise HolidayNotFound
        old = {"day": day.isoformat(), "reason": row.reason}
        audit.record(session, entity_type="shop", action="HOLIDAY_REMOVED", entity_id=shop.id, by=caller, old=old)
