"""Delivery windows on the calendar. Days count from Sunday = 0; windows are in the shop's time zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EARLIEST, LATEST = time(6), time(22)
WINDOW = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Window:
    """A weekly window; orders close `cutoff_minutes` before it starts."""

    day_of_week: int
    start: time
    end: time
    cutoff_minutes: int


def is_valid_window(start: time, end: time) -> bool:
    """Two hours long and inside 06:00-22:00."""
    return start >= EARLIEST and end <= LATEST and _since_midnight(end) - _since_midnight(start) == WINDOW


def _since_midnight(moment: time) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond)


def day_number(day: date) -> int:
    """0 for Sunday to 6 for Saturday."""
    return day.isoweekday() % 7


def starts_at(day: date, start: time, zone: ZoneInfo) -> datetime:
    """The instant a window starts on a date; on a clock change the earlier reading counts."""
    return datetime.combine(day, start, tzinfo=zone)


def is_open(window: Window, day: date, now: datetime, zone: ZoneInfo) -> bool:
    """Whether orders for the window on that date are still taken: right weekday, cut-off not passed."""
    if day_number(day) != window.day_of_week:
        return False
    # In UTC: arithmetic on local times would take a clock change in between for an hour that passed.
    return now <= starts_at(day, window.start, zone).astimezone(UTC) - timedelta(minutes=window.cutoff_minutes)


def open_dates(window: Window, now: datetime, zone: ZoneInfo, horizon_days: int) -> Iterator[date]:
    """The dates from today up to the horizon on which the window still takes orders, soonest first."""
    today = now.astimezone(zone).date()
    for ahead in range(horizon_days + 1):
        day = today + timedelta(days=ahead)
        if is_open(window, day, now, zone):
            yield day
