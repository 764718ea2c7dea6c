"""Stretches of days, and how they are cut up."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.enums import Granularity
from app.domain.periods import Period, buckets, counted_back, is_range, label, usual_granularity

DAY, MONTH, YEAR = Granularity.DAY, Granularity.MONTH, Granularity.YEAR


@pytest.mark.parametrize(
    ("range_", "granularity", "first"),
    [
        ("1d", DAY, date(2026, 3, 31)),
        ("30d", DAY, date(2026, 3, 2)),
        ("40d", MONTH, date(2026, 2, 20)),
        ("1m", DAY, date(2026, 3, 1)),
        ("2m", DAY, date(2026, 2, 1)),
        ("1y", DAY, date(2025, 4, 1)),
        ("1m", MONTH, date(2026, 3, 1)),
        ("4m", MONTH, date(2025, 12, 1)),
        ("2y", MONTH, date(2024, 4, 1)),
        ("1y", YEAR, date(2026, 1, 1)),
        ("3y", YEAR, date(2024, 1, 1)),
        ("4m", YEAR, date(2025, 12, 1)),
    ],
)
def test_a_range_counts_back_from_its_last_day(range_: str, granularity: Granularity, first: date) -> None:
    last = date(2026, 3, 31)

    assert counted_back(range_, last, granularity) == Period(first, last)


def test_a_month_back_from_the_31st_of_a_month_after_a_shorter_one_begins_with_the_next_month() -> None:
    assert counted_back("1m", date(2026, 3, 30), DAY).first == date(2026, 3, 1)
    assert counted_back("1y", date(2024, 2, 29), DAY).first == date(2023, 3, 1)


@pytest.mark.parametrize("text", ["", "d", "0d", "3654d", "121m", "11y", "1w", "-1d", "1d\n", "٣d", "9999999d"])
def test_what_is_no_range(text: str) -> None:
    assert not is_range(text)


@pytest.mark.parametrize("text", ["1d", "3653d", "0030d", "120m", "10y"])
def test_what_is_a_range(text: str) -> None:
    assert is_range(text)


@pytest.mark.parametrize(
    ("range_", "usual"), [("30d", DAY), ("92d", DAY), ("93d", MONTH), ("1m", MONTH), ("1y", MONTH)]
)
def test_a_range_is_shown_by_day_or_by_month(range_: str, usual: Granularity) -> None:
    assert usual_granularity(range_) is usual


def test_every_day_month_and_year_that_a_period_touches_has_a_bucket() -> None:
    period = Period(date(2025, 12, 31), date(2026, 2, 1))

    assert len(buckets(period, DAY)) == period.days == 33
    assert [label(each, MONTH) for each in buckets(period, MONTH)] == ["2025-12", "2026-01", "2026-02"]
    assert [label(each, YEAR) for each in buckets(period, YEAR)] == ["2025", "2026"]
    assert label(buckets(period, DAY)[0], DAY) == "2025-12-31"


def test_a_day_of_a_clock_change_has_23_hours() -> None:
    period, zone = Period(date(2026, 3, 27), date(2026, 3, 27)), ZoneInfo("Asia/Jerusalem")

    assert period.starts(zone) == datetime(2026, 3, 26, 22, tzinfo=UTC)
    assert (period.ends(zone).astimezone(UTC) - period.starts(zone).astimezone(UTC)).total_seconds() == 23 * 3600
