"""Stretches of whole days on the shop's calendar, and how a report cuts them up."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.domain.enums import Granularity

RANGE_PATTERN = r"^\d+[dmy]$"
"""`30d`, `12m`, `2y`: days, months or years up to and including today (contract of the supermarket, section 11)."""

LONGEST_RANGE = {"d": 3653, "m": 120, "y": 10}
LONGEST_BY_DAY = 92
"""Days shown one by one where nobody asks for a granularity; a longer stretch is shown by month."""

_MONTHS_OF_YEAR = 12


@dataclass(frozen=True, slots=True)
class Period:
    """Every day from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def starts(self, zone: ZoneInfo) -> datetime:
        """The instant the first day begins in a time zone."""
        return datetime.combine(self.first, time(), tzinfo=zone)

    def ends(self, zone: ZoneInfo) -> datetime:
        """The instant the day after the last begins: the first one outside."""
        return datetime.combine(self.last + timedelta(days=1), time(), tzinfo=zone)


def is_range(text: str) -> bool:
    """Whether a text is a range of at least one day and at most ten years."""
    matched = re.fullmatch(r"([0-9]{1,6})([dmy])", text)
    return matched is not None and 1 <= int(matched[1]) <= LONGEST_RANGE[matched[2]]


def usual_granularity(range_: str) -> Granularity:
    """Days for a range in days (up to 92), months for all others."""
    by_day = range_.endswith("d") and int(range_[:-1]) <= LONGEST_BY_DAY
    return Granularity.DAY if by_day else Granularity.MONTH


def counted_back(range_: str, last: date, granularity: Granularity) -> Period:
    """The period of a range that ends on a day.

    By day it is exactly that long. By month or year a range in months or years means whole ones, of which the running
    one is the last: `12m` by month is twelve months, not the parts of thirteen.
    """
    number, unit = int(range_[:-1]), range_[-1]
    if unit == "d":
        return Period(last - timedelta(days=number - 1), last)
    months = number * (_MONTHS_OF_YEAR if unit == "y" else 1)
    if granularity is Granularity.DAY:
        return Period(_months_before(last, months) + timedelta(days=1), last)
    if granularity is Granularity.YEAR and unit == "y":
        return Period(date(last.year - number + 1, 1, 1), last)
    return Period(_months_before(last.replace(day=1), months - 1), last)


def buckets(period: Period, granularity: Granularity) -> list[date]:
    """The first day of every day, month or year that the period touches, in order."""
    if granularity is Granularity.DAY:
        return [period.first + timedelta(days=number) for number in range(period.days)]
    if granularity is Granularity.YEAR:
        return [date(year, 1, 1) for year in range(period.first.year, period.last.year + 1)]
    months = range(_month_number(period.first), _month_number(period.last) + 1)
    return [date(month // _MONTHS_OF_YEAR, month % _MONTHS_OF_YEAR + 1, 1) for month in months]


def label(bucket: date, granularity: Granularity) -> str:
    """`2026-01-31`, `2026-01` or `2026`."""
    return bucket.isoformat()[: {Granularity.DAY: 10, Granularity.MONTH: 7, Granularity.YEAR: 4}[granularity]]


def _month_number(day: date) -> int:
    return day.year * _MONTHS_OF_YEAR + day.month - 1


def _months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or that month's last day where it is shorter."""
    year, month = divmod(_month_number(day) - months, _MONTHS_OF_YEAR)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
