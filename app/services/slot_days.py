"""The dates of a delivery window: how full they are, and closing one of them."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import BigInteger, Date, bindparam, select

from app.config import settings
from app.domain.caller import Caller
from app.domain.slots import Window, day_number, is_open, open_dates
from app.errors import BadRequest, NotFound
from app.models import DeliverySlot, SlotOccurrence
from app.models.base import AnyRow
from app.schemas.managed_branches import SlotDay, SlotDayChange
from app.services import changes, locks
from app.services.shop_clock import today
from app.transaction import reading, transaction

A_YEAR = timedelta(days=366)


class DayRefused(BadRequest):
    code = "INVALID_SLOT"
    message = "The slot has no such date: it is past, too far ahead, or another day of the week."


_SLOT = select(
    DeliverySlot.id,
    DeliverySlot.day_of_week,
    DeliverySlot.start_time,
    DeliverySlot.end_time,
    DeliverySlot.capacity,
    DeliverySlot.cutoff_minutes,
    SlotOccurrence.delivery_date,
    SlotOccurrence.booked,
    SlotOccurrence.capacity.label("day_capacity"),
).where(DeliverySlot.id == bindparam("slot_id", type_=BigInteger))
_DAYS = _SLOT.outerjoin(
    SlotOccurrence,
    (SlotOccurrence.slot_id == DeliverySlot.id) & (SlotOccurrence.delivery_date >= bindparam("first_day", type_=Date)),
)


def list_days(*, slot_id: int) -> list[SlotDay]:
    """The dates of a window from today on, as far as orders are taken or booked, soonest first. Raises NotFound."""
    now = datetime.now(UTC)
    with reading() as connection:
        found = connection.execute(_DAYS, {"slot_id": slot_id, "first_day": today(now)}).all()
    if not found:
        raise NotFound
    window, whole = _window(found[0]), (0, found[0].capacity)
    kept = {row.delivery_date: (row.booked, row.day_capacity) for row in found if row.delivery_date is not None}
    days = sorted({*kept, *open_dates(window, now, settings().zone, settings().slot_horizon_days)})
    return [_day(slot_id, window, day, kept.get(day, whole), now) for day in days]


def set_capacity(form: SlotDayChange, caller: Caller, *, slot_id: int) -> SlotDay:
    """Let one date take more or fewer orders than the week's window, though never fewer than it has; 0 closes it.

    Raises NotFound, DayRefused.
    """
    with transaction() as session:
        slot = locks.delivery_slot(session, slot_id=slot_id)
        if slot is None:
            raise NotFound
        _check_date(slot, form.date)
        row = locks.slot_day(session, slot_id=slot_id, day=form.date, capacity=slot.capacity)
        change = changes.apply(row, {"capacity": max(form.capacity, row.booked)})
        which = {"date": form.date.isoformat()}
        changes.record(session, change, entity_type="delivery_slot", entity_id=slot_id, by=caller, context=which)
        return _day(slot_id, _window(slot), form.date, (row.booked, row.capacity), datetime.now(UTC))


def _check_date(slot: DeliverySlot, day: date) -> None:
    """Dates up to a year ahead, so that holidays can be closed long before orders are taken. Raises DayRefused."""
    first = today()
    if not first <= day <= first + A_YEAR or day_number(day) != slot.day_of_week:
        raise DayRefused


def _window(slot: AnyRow | DeliverySlot) -> Window:
    return Window(slot.day_of_week, slot.start_time, slot.end_time, slot.cutoff_minutes)


def _day(slot_id: int, window: Window, day: date, numbers: tuple[int, int], now: datetime) -> SlotDay:
    booked, capacity = numbers
    in_time = is_open(window, day, now, settings().zone)
    return SlotDay(slot_id=slot_id, date=day, booked=booked, capacity=capacity, is_open=in_time)
