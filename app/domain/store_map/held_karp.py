"""The shortest tour of few stops, exactly.

M. Held, R. M. Karp, "A dynamic programming approach to sequencing problems", 1962: the best way through a set of stops
that ends at one of its places, for all sets of one size at a time. Here a stop may have several places.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from app.domain.store_map.problem import END, START

if TYPE_CHECKING:
    import numpy as np

_UNREACHED = 2**60


@lru_cache(maxsize=16)
def _layers(stops: int) -> list[list["np.ndarray[Any, Any]"]]:
    """For every size of set, for every stop: the sets of that size without it. A set is the bits of a number."""
    import numpy as np  # noqa: PLC0415 (only where lists are sequenced)

    sets = np.arange(1 << stops)
    sizes = np.bitwise_count(sets)
    return [[sets[(sizes == size) & (sets >> stop & 1 == 0)] for stop in range(stops)] for size in range(1, stops)]


def shortest_tour(cost: Sequence[Sequence[int]], stops: Sequence[Sequence[int]]) -> list[int]:
    """The places of a shortest tour in their order, without start and end.

    Time and memory grow with 2 to the number of stops, times the number of places (squared for the time).
    """
    import numpy as np  # noqa: PLC0415 (only where lists are sequenced)

    places = [place for group in stops for place in group]
    matrix = np.array(cost, dtype=np.int64)
    between = matrix[np.ix_(places, places)]
    best = np.full((len(places), 1 << len(stops)), _UNREACHED, dtype=np.int64)
    rows = _rows(stops)
    for stop, members in enumerate(rows):
        best[members, 1 << stop] = matrix[START, places][members]
    for layer in _layers(len(stops)):
        for stop, members in enumerate(rows):
            before = best[:, layer[stop]]
            for row in members:
                best[row, layer[stop] | 1 << stop] = (before + between[:, row, None]).min(axis=0)
    return [places[row] for row in _retrace(best, between, matrix[places, END], rows)]


def _rows(stops: Sequence[Sequence[int]]) -> list[list[int]]:
    """The rows of each stop's places in the table."""
    rows, count = [], 0
    for group in stops:
        rows.append(list(range(count, count + len(group))))
        count += len(group)
    return rows


def _retrace(
    best: "np.ndarray[Any, Any]", between: "np.ndarray[Any, Any]", home: "np.ndarray[Any, Any]", rows: list[list[int]]
) -> list[int]:
    """The rows of the best tour, found back from its end."""
    stop_of = {row: stop for stop, members in enumerate(rows) for row in members}
    left = (1 << len(rows)) - 1
    row = int((best[:, left] + home).argmin())
    tour = [row]
    while left := left & ~(1 << stop_of[row]):
        row = int((best[:, left] + between[:, row]).argmin())
        tour.append(row)
    return tour[::-1]
