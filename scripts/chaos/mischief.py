"""What goes wrong between a shop and its payment provider, drawn from a seed. Standard library only."""

import random
import threading
from collections import Counter
from enum import StrEnum


class Mischief(StrEnum):
    """`LATE` answers come after the caller has given up; `LATE_DONE` requests are even carried out only then."""

    NONE = "none"
    DECLINED = "declined"
    BUSY = "503, nothing done"
    LOST_REQUEST = "request lost"
    LOST_ANSWER = "done, answer lost"
    BROKEN = "done, answered 500"
    LATE = "done, answered late"
    LATE_DONE = "done late"


_WRITES = {
    Mischief.DECLINED: 0.04,
    Mischief.BUSY: 0.02,
    Mischief.LOST_REQUEST: 0.01,
    Mischief.LOST_ANSWER: 0.02,
    Mischief.BROKEN: 0.01,
    Mischief.LATE: 0.01,
    Mischief.LATE_DONE: 0.01,
}
_READS = {Mischief.BUSY: 0.02, Mischief.LOST_ANSWER: 0.01, Mischief.LATE: 0.01}
_EVENTS_SENT, _LATE_EVENTS, _DOUBLED_EVENTS, _LATEST_EVENT = 0.2, 0.3, 0.3, 5.0


class Dice:
    """One sequence of draws for all requests, in the order in which they arrive; `on` says whether they count."""

    def __init__(self, seed: int) -> None:
        self.on = False
        self.drawn: Counter[str] = Counter()
        self._chance = random.Random(f"{seed}:provider")
        self._lock = threading.Lock()

    def of_request(self, *, is_write: bool, may_decline: bool) -> Mischief:
        """What goes wrong with one request."""
        with self._lock:
            if not self.on:
                return Mischief.NONE
            drawn = self._drawn(_WRITES if is_write else _READS)
            if drawn is Mischief.DECLINED and not may_decline:
                return Mischief.NONE
            self.drawn[drawn.value] += drawn is not Mischief.NONE
            return drawn

    def of_event(self) -> list[float]:
        """After how many seconds an event is sent, once for each time: never, once or twice."""
        with self._lock:
            if self._chance.random() > _EVENTS_SENT:
                return []
            late = self._chance.random() < _LATE_EVENTS
            first = self._chance.uniform(0, _LATEST_EVENT) if late else 0.0
            twice = self._chance.random() < _DOUBLED_EVENTS
            self.drawn["event late"] += late
            self.drawn["event twice"] += twice
            return [first, first + self._chance.uniform(0, _LATEST_EVENT)] if twice else [first]

    def _drawn(self, shares: dict[Mischief, float]) -> Mischief:
        at = self._chance.random()
        for mischief, share in shares.items():
            if at < share:
                return mischief
            at -= share
        return Mischief.NONE
