"""Calls in this process, timed in turn."""

import statistics
import time
from collections.abc import Callable, Mapping

Call = Callable[[], object]


def median_ms(call: Call, times: int) -> float:
    """The median time of a call in milliseconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1000


def in_turn(calls: Mapping[str, Call], *, rounds: int, times: int) -> dict[str, list[float]]:
    """The median milliseconds of each call, round by round; one round more comes before, to warm up."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name, call in calls.items():
            taken = median_ms(call, times)
            if number:
                found[name].append(taken)
    return found
