"""Counting of requests in Redis, and while it does not answer in this process alone."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from limits.storage import RedisStorage

from app.middleware.memory_counts import MemoryCounts

log = logging.getLogger("aisle.limits")

PREFIX = "aisle-"
"""Before the address of a Redis: this way of counting, not the library's own."""
PAUSE = 5.0
"""Seconds for which a Redis that failed is left alone: asking it may cost a request half a second each time."""

Found = TypeVar("Found")


class RedisCounts(RedisStorage):
    """For fixed windows. Counting never fails, so that the shop stays open whatever becomes of Redis.

    Flask-Limiter's own way out is not for threads: of several requests that find Redis gone at the same moment it lets
    one count in memory, and the others fail.
    """

    STORAGE_SCHEME = [f"{PREFIX}{scheme}" for scheme in ("redis", "rediss", "redis+unix")]  # noqa: RUF012 (the library's way)

    def __init__(self, uri: str, **options: float | str | bool) -> None:
        super().__init__(uri.removeprefix(PREFIX), **options)  # type: ignore[arg-type]
        self._here = MemoryCounts()
        self._away_until = 0.0
        """When Redis is asked again, in seconds of the monotonic clock; 0 while it answers."""

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to a count that begins anew `expiry` seconds after its first; answers what it is now."""
        return self._first_of(super().incr, self._here.incr, key, expiry, amount)

    def get(self, key: str) -> int:
        """What a count is now; 0 where its time is over."""
        return self._first_of(super().get, self._here.get, key)

    def get_expiry(self, key: str) -> float:
        """When the time of a count is over, in seconds since the epoch."""
        return self._first_of(super().get_expiry, self._here.get_expiry, key)

    def _first_of(self, there: Callable[..., Found], here: Callable[..., Found], *values: object) -> Found:
        if self._may_ask():
            try:
                found = there(*values)
            except Exception as error:  # noqa: BLE001 (whatever the client of Redis raises: the shop stays open)
                log.error("rate limit store unreachable", extra={"error": type(error).__name__})
                self._away_until = time.monotonic() + PAUSE
            else:
                self._away_until = 0.0
                return found
        return here(*values)

    def _may_ask(self) -> bool:
        """While Redis is away one request asks it now and then, and the others go on without."""
        if self._away_until == 0.0:
            return True
        if time.monotonic() < self._away_until:
            return False
        self._away_until = time.monotonic() + PAUSE
        return True
