"""The open intervals of a shop's week, in the shop's time zone. Day 0 is Monday."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from itertools import pairwise

END_OF_DAY = time.max
"""What closing at 24:00 is stored as."""


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Open from `opens` until just before `closes`."""

    day_of_week: int
    opens: time
    closes: time


def clock(moment: time) -> str:
    """A time of a shop's day as HH:MM; the end of the day is 24:00."""
    return "24:00" if moment == END_OF_DAY else moment.strftime("%H:%M")


def overlap(intervals: Iterable[Interval]) -> bool:
    """Whether two intervals of a day share a moment; one may begin when another ends."""
    return any(
        one.day_of_week == next_.day_of_week and next_.opens < one.closes for one, next_ in pairwise(sorted(intervals))
    )
