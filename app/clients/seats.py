"""How many calls to one service outside may be on their way at once: one that hangs must not take every thread."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

STALLED = 1.0
"""Seconds without a call that began or ended, after which nobody waits for a seat any more."""

LONGEST_WAIT = 2.0
"""Seconds anybody waits for a seat at most, while others come and go."""


class Seats:
    """The seats of one process for one service; safe for threads."""

    def __init__(self, number: int) -> None:
        """At most `number` calls at once, at least one."""
        self._free = max(1, number)
        self._changed = threading.Condition()
        self._moved = 0.0

    @contextmanager
    def taken(self) -> Iterator[bool]:
        """A seat for the length of a block; False when all are taken by calls that do not end."""
        seated = self._sit_down()
        try:
            yield seated
        finally:
            if seated:
                self._change(+1)

    def _sit_down(self) -> bool:
        give_up = time.monotonic() + LONGEST_WAIT
        with self._changed:
            while self._free == 0:
                left = min(self._moved + STALLED, give_up) - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
            self._change(-1)
            return True

    def _change(self, by: int) -> None:
        with self._changed:
            self._free += by
            self._moved = time.monotonic()
            self._changed.notify()
