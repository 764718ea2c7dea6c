"""Counting requests in one process."""

import threading

import pytest

from app.middleware import memory_counts
from app.middleware.memory_counts import MemoryCounts


class Clock:
    now = 1000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(memory_counts, "time", made)
    return made


def test_a_count_begins_anew_when_its_time_is_over(clock: Clock) -> None:
    counts = MemoryCounts()

    first = [counts.incr("a", 60), counts.incr("a", 60), counts.get("a")]
    clock.now += 60
    second = [counts.get("a"), counts.incr("a", 60)]

    assert (first, second) == ([1, 2, 2], [0, 1])


def test_later_requests_do_not_move_the_end_of_a_window(clock: Clock) -> None:
    counts = MemoryCounts()

    counts.incr("a", 60)
    clock.now += 30
    counts.incr("a", 60)

    assert counts.get_expiry("a") == 1060.0


def test_counts_whose_time_is_over_are_thrown_away(clock: Clock) -> None:
    counts = MemoryCounts()
    for number in range(100):
        counts.incr(f"address:{number}", 10)

    clock.now += memory_counts.SWEPT_EVERY
    counts.incr("a", 60)

    assert counts.reset() == 1


def test_a_cleared_count_is_nothing(clock: Clock) -> None:
    counts = MemoryCounts()
    counts.incr("a", 60)

    counts.clear("a")

    assert counts.get("a") == 0


def test_no_thread_is_started() -> None:
    before = threading.active_count()
    counts = MemoryCounts()

    for _ in range(100):
        counts.incr("a", 60)

    assert threading.active_count() == before
