"""One pass of a chore over rows that are due, in batches, so that none of them waits behind those that always fail."""

import time
from collections.abc import Callable, Sequence

LONGEST_PASS = 5.0
"""Seconds after which a pass begins nothing further, as other work waits and a call to a provider may take many."""


def in_batches(find: Callable[[], Sequence[int]], work: Callable[[int], bool], *, batch: int) -> int:
    """Do `work` on what `find` finds due, up to `batch` ids at a time in no fixed order; answers how much succeeded.

    Ends when nothing is left, when a whole batch came to nothing, or after LONGEST_PASS. The order must not be fixed:
    rows that always fail would fill every batch if they came first each time.
    """
    done, give_way = 0, time.monotonic() + LONGEST_PASS
    while found := find():
        succeeded = 0
        for row_id in found:
            if time.monotonic() >= give_way:
                return done + succeeded
            succeeded += work(row_id)
        done += succeeded
        if len(found) < batch or not succeeded:
            break
    return done
