"""The ends of a period in a query: dates of the shop's calendar and instants."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter, ValidationError

from app.schemas import moments
from app.schemas.moments import OptionalSince, OptionalUntil, Since, Until

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def shop_in_haifa(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "settings", lambda: SimpleNamespace(zone=ZoneInfo("Asia/Jerusalem")))


def read(end: Any, text: Any) -> Any:
    return TypeAdapter(end).validate_python(text)


@pytest.mark.parametrize(
    ("date", "first", "after"),
    [
        ("2026-05-01", datetime(2026, 4, 30, 21, tzinfo=UTC), datetime(2026, 5, 1, 21, tzinfo=UTC)),
        ("2026-03-27", datetime(2026, 3, 26, 22, tzinfo=UTC), datetime(2026, 3, 27, 21, tzinfo=UTC)),
    ],
)
def test_a_date_is_its_whole_day_in_the_shops_time_zone(date: str, first: datetime, after: datetime) -> None:
    """Clocks in Asia/Jerusalem go forward on 27 March 2026, a day of 23 hours."""
    assert read(Since, date) == first
    assert read(Until, date) == after


@pytest.mark.parametrize(
    "instant",
    [
        "2026-05-01T12:00:00Z",
        "2026-05-01T15:00:00+03:00",
        "2026-05-01T15:00:00 03:00",
        "2026-05-01 15:00:00 03:00",
        "2026-05-01T15:00:00",
        " 2026-05-01T15:00 ",
    ],
)
def test_an_instant_belongs_to_the_period_it_begins_or_ends(instant: str) -> None:
    assert read(Since, instant) == NOON
    assert read(Until, instant) == NOON + timedelta(microseconds=1)


@pytest.mark.parametrize("end", [Since, Until])
@pytest.mark.parametrize(
    "text",
    ["1767225600", 1767225600, "0.5", "2026-02-30", "2026-05-01T25:00", "2026-5-1", "1969-12-31", "2201-01-01", ""],
)
def test_numbers_and_what_is_no_date_are_refused(end: Any, text: Any) -> None:
    with pytest.raises(ValidationError, match="must be"):
        read(end, text)


@pytest.mark.parametrize("end", [OptionalSince, OptionalUntil])
def test_an_empty_text_is_no_end_where_older_clients_send_it(end: Any) -> None:
    assert read(end, "") is None
