"""Sets of places that a solution, whole or in fractions, visits without crossing their border often enough.

If a place in a set without the start is visited, the tour enters the set and leaves it (M. Fischetti, J. Salazar,
P. Toth, "The symmetric generalized traveling salesman polytope", 1995). The sets are found by maximum flows.
"""

from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, maximum_flow

from app.domain.store_map.problem import START

Vector = np.ndarray[Any, np.dtype[Any]]

_WHOLE = 10_000
"""A way taken once, as a whole number: maximum flows are computed in these."""
_TOLERANCE = 20
_LEAST = 0.01
"""A place visited less than this is not looked at."""


def separate_rounds(flow: Vector, visited: Vector) -> list[Vector]:
    """The sets of visited places that hang together apart from the start; `flow` leads from each place to each."""
    count, label = connected_components(csr_array(flow > 1 / _WHOLE), connection="weak")
    sets = [label == number for number in range(count) if number != label[START]]
    return [inside for inside in sets if visited[inside].max() > _LEAST]


def weak_borders(flow: Vector, visited: Vector, crossings: int) -> list[Vector]:
    """Sets crossed less often than visiting one of their places takes: the smallest cuts between start and place.

    A place that lies in a set found before is not looked at again.
    """
    capacity = csr_array(np.rint(flow * _WHOLE).astype(np.int32))
    found: list[Vector] = []
    seen = visited < _LEAST
    seen[START] = True
    for place in range(len(flow)):
        if seen[place]:
            continue
        result = maximum_flow(capacity, START, place)
        if result.flow_value < crossings * _WHOLE * visited[place] - _TOLERANCE:
            found.append(_not_reached(capacity, result.flow))
            seen |= found[-1]
    return found


def _not_reached(capacity: csr_array, flow: csr_array) -> Vector:
    """The places that the start cannot send any more to."""
    rest = csr_array(capacity - flow)
    rest.data = np.maximum(rest.data, 0)
    rest.eliminate_zeros()
    reached = breadth_first_order(rest, START, return_predecessors=False)
    beyond = np.ones(capacity.shape[0], dtype=bool)
    beyond[reached] = False
    return beyond
