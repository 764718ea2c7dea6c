"""The open intervals of a shop's week."""

from datetime import time

import pytest

from app.domain.shop_hours import END_OF_DAY, Interval, clock, overlap


@pytest.mark.parametrize(
    ("moment", "shown"), [(time(0), "00:00"), (time(9, 5), "09:05"), (time(23, 59), "23:59"), (END_OF_DAY, "24:00")]
)
def test_a_time_is_shown_as_hours_and_minutes(moment: time, shown: str) -> None:
    assert clock(moment) == shown


@pytest.mark.parametrize(
    ("intervals", "expected"),
    [
        ([], False),
        ([(0, 9, 13)], False),
        ([(0, 9, 13), (0, 13, 18)], False),
        ([(0, 9, 13), (1, 9, 13)], False),
        ([(0, 12, 18), (0, 9, 13)], True),
        ([(0, 9, 13), (0, 9, 13)], True),
        ([(0, 14, 15), (0, 9, 18), (0, 19, 20)], True),
    ],
)
def test_two_intervals_of_a_day_overlap_where_they_share_a_moment(
    intervals: list[tuple[int, int, int]], expected: bool
) -> None:
    week = [Interval(day, time(opens), time(closes)) for day, opens, closes in intervals]

    assert overlap(week) is expected
