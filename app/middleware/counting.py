"""Where requests are counted: in Redis, and while it does not answer in this process alone."""

import logging
import time

from limits import RateLimitItem
from limits.strategies import FixedWindowRateLimiter, RateLimiter

from app.config import settings
from app.extensions import limiter
from app.middleware.memory_counts import MemoryCounts

log = logging.getLogger("aisle.limits")

PAUSE = 5.0
"""Seconds for which a Redis that failed is left alone: asking it may cost a request half a second each time."""

in_memory = FixedWindowRateLimiter(MemoryCounts())


class _Absence:
    """Of Redis: when it is asked again, in seconds of the monotonic clock; 0 while it answers."""

    until = 0.0


def spend(item: RateLimitItem, *key: str) -> RateLimiter | None:
    """Count once against a budget; when that is spent, answers with who counted it."""
    if _may_ask():
        store = FixedWindowRateLimiter(limiter.storage)
        try:
            allowed = store.hit(item, *key)
        except Exception as error:  # noqa: BLE001 (whatever the store's client raises: the shop stays open)
            _leave_alone(error)
        else:
            _Absence.until = 0.0
            return None if allowed else store
    return None if in_memory.hit(item, *key) else in_memory


def _may_ask() -> bool:
    """While Redis is away one request asks it now and then, and the others go on without."""
    if _Absence.until == 0.0:
        return True
    if time.monotonic() < _Absence.until:
        return False
    _Absence.until = time.monotonic() + PAUSE
    return True


def _leave_alone(error: Exception) -> None:
    log.error("rate limit store unreachable", extra={"error": type(error).__name__})
    if settings().redis_url:  # a store in this process has nothing to recover from
        _Absence.until = time.monotonic() + PAUSE
