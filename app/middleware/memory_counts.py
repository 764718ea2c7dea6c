"""Counting of requests in this process alone: where there is no Redis, and while it does not answer."""

import threading
import time

from limits.storage import Storage

SWEPT_EVERY = 60.0
"""Seconds after which counts whose time is over are thrown away."""


class MemoryCounts(Storage):
    """For fixed windows. The limits library's own starts a thread for every third request, to sweep behind it."""

    STORAGE_SCHEME = ["aisle-memory"]  # noqa: RUF012 (the library's way)

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: float | str | bool) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self._counts: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()
        self._next_sweep = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        """What counting may raise: nothing in particular."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to a count that begins anew `expiry` seconds after its first; answers what it is now."""
        now = time.time()
        with self._lock:
            if now >= self._next_sweep:
                self._sweep(now)
            count, end = self._counts.get(key, (0, 0.0))
            if end <= now:
                count, end = 0, now + expiry
            self._counts[key] = count + amount, end
        return count + amount

    def get(self, key: str) -> int:
        """What a count is now; 0 where its time is over."""
        count, end = self._counts.get(key, (0, 0.0))
        return count if end > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """When the time of a count is over, in seconds since the epoch."""
        return self._counts.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        """Whether one can count here: always."""
        return True

    def reset(self) -> int:
        """Forget all counts; answers how many there were."""
        with self._lock:
            number = len(self._counts)
            self._counts.clear()
        return number

    def clear(self, key: str) -> None:
        """Forget one count."""
        with self._lock:
            self._counts.pop(key, None)

    def _sweep(self, now: float) -> None:
        self._next_sweep = now + SWEPT_EVERY
        self._counts = {key: kept for key, kept in self._counts.items() if kept[1] > now}
