"""Delivery windows on the calendar."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.slots import Window, day_number, is_open, is_valid_window, open_dates, starts_at

ZONE = ZoneInfo("Asia/Jerusalem")
SUNDAY = date(2026, 11, 22)
MORNING = Window(day_of_week=0, start=time(8), end=time(10), cutoff_minutes=120)


@pytest.mark.parametrize(
    ("start", "end", "valid"),
    [
        (time(6), time(8), True),
        (time(20), time(22), True),
        (time(9, 30), time(11, 30), True),
        (time(5, 59), time(7, 59), False),
        (time(20, 1), time(22, 1), False),
        (time(8), time(9), False),
        (time(8), time(11), False),
        (time(10), time(8), False),
    ],
)
def test_a_window_is_two_hours_within_the_day(start: time, end: time, valid: bool) -> None:
    assert is_valid_window(start, end) is valid


@pytest.mark.parametrize(("day", "number"), [(SUNDAY, 0), (date(2026, 11, 21), 6), (date(2026, 11, 23), 1)])
def test_days_count_from_sunday(day: date, number: int) -> None:
    assert day_number(day) == number


@pytest.mark.parametrize(
    ("now", "is_still_open"),
    [
        (datetime(2026, 11, 22, 6, 0, tzinfo=ZONE), True),
        (datetime(2026, 11, 22, 6, 1, tzinfo=ZONE), False),
        (datetime(2026, 11, 22, 4, 0, tzinfo=UTC), True),
        (datetime(2026, 11, 22, 4, 1, tzinfo=UTC), False),
    ],
)
def test_a_window_closes_at_its_cut_off(now: datetime, is_still_open: bool) -> None:
    assert is_open(MORNING, SUNDAY, now, ZONE) is is_still_open


def test_a_window_is_never_open_on_another_weekday() -> None:
    assert not is_open(MORNING, date(2026, 11, 23), datetime(2026, 11, 1, tzinfo=UTC), ZONE)


def test_open_dates_reach_to_the_horizon_and_skip_a_closed_today() -> None:
    before, after = datetime(2026, 11, 22, 5, tzinfo=ZONE), datetime(2026, 11, 22, 7, tzinfo=ZONE)

    assert list(open_dates(MORNING, before, ZONE, 14)) == [SUNDAY, date(2026, 11, 29), date(2026, 12, 6)]
    assert list(open_dates(MORNING, after, ZONE, 13)) == [date(2026, 11, 29)]


def test_a_start_on_a_clock_change_takes_the_earlier_reading() -> None:
    twice = starts_at(date(2026, 10, 25), time(1, 30), ZONE)

    assert twice.astimezone(UTC) == datetime(2026, 10, 24, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "closes"),
    [
        pytest.param(date(2026, 3, 27), datetime(2026, 3, 26, 23, 0, tzinfo=UTC), id="the clock was put forward"),
        pytest.param(date(2026, 10, 25), datetime(2026, 10, 25, 0, 0, tzinfo=UTC), id="the clock was put back"),
    ],
)
def test_the_cut_off_counts_real_minutes_across_a_clock_change(day: date, closes: datetime) -> None:
    window = Window(day_number(day), start=time(6), end=time(8), cutoff_minutes=240)

    assert is_open(window, day, closes, ZONE)
    assert not is_open(window, day, closes + timedelta(minutes=1), ZONE)
