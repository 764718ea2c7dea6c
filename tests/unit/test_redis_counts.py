"""Counting requests in a Redis that is away."""

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.middleware import redis_counts
from app.middleware.redis_counts import PAUSE, RedisCounts

NOBODY = "aisle-redis://127.0.0.1:1/0"
AT_ONCE = 16


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(redis_counts, "time", made)
    return made


def test_of_many_that_find_redis_gone_at_once_every_one_is_counted() -> None:
    counts = RedisCounts(NOBODY)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        counted = list(pool.map(lambda _: counts.incr("a", 60), range(AT_ONCE)))

    assert sorted(counted) == list(range(1, AT_ONCE + 1))
    assert counts.get("a") == AT_ONCE


def test_a_redis_that_is_away_is_asked_now_and_then(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    counts = RedisCounts(NOBODY)

    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            counts.incr("a", 60)
        asked_first = len(caplog.records)
        clock.now += PAUSE
        for _ in range(3):
            counts.incr("a", 60)

    assert (asked_first, len(caplog.records)) == (1, 2)
