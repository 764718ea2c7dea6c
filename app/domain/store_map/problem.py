"""The order of stops as a problem of its own: a start, stops of which one place each is visited, an end.

Several shelves for one product make it the generalised travelling salesman problem on a path; distances may differ
between there and back, because aisles may be one-way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

START, END = 0, 1
"""The numbers of the first and the last place in every problem; the others follow from 2."""
NO_WAY = 10_000_000
"""The cost between places where there is no way: more than any tour."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`cost[a][b]` is what the way from place a to place b costs, in steps; `stops` are the places of each stop.

    Places of different stops only: a stop's places exclude each other. `frozen` are the stops that come last.
    """

    cost: list[list[int]]
    stops: list[list[int]]
    frozen: frozenset[int] = frozenset()

    def length(self, tour: Sequence[int]) -> int:
        """The steps of a tour given as places without start and end."""
        return sum(self.cost[a][b] for a, b in zip([START, *tour], [*tour, END], strict=True))

    def stop_of(self) -> list[int]:
        """For each place the number of its stop; -1 for start and end."""
        owner = [-1] * len(self.cost)
        for number, places in enumerate(self.stops):
            for place in places:
                owner[place] = number
        return owner

    def penalised(self) -> list[list[int]]:
        """The costs with a constant added to each step between {start, usual stops} and {frozen stops, end}.

        A tour has to cross once; the constant is more than any detour, so the cheapest tour crosses only once: frozen
        goods come last, and no method needs to know. Crossing once adds the same to every such tour.
        """
        if not self.frozen:
            return self.cost
        constant = (len(self.stops) + 2) * (max(map(max, self.cost)) + 1)
        owner = self.stop_of()
        late = [place == END or owner[place] in self.frozen for place in range(len(self.cost))]
        return [
            [steps + constant * (late[a] != late[b]) for b, steps in enumerate(row)] for a, row in enumerate(self.cost)
        ]


def is_symmetric(cost: Sequence[Sequence[int]]) -> bool:
    """Whether every way between stops costs the same back; start and end do not count."""
    size = len(cost)
    return all(cost[a][b] == cost[b][a] for a in range(2, size) for b in range(2, a))


def nearest_neighbour(cost: Sequence[Sequence[int]], stops: Sequence[Sequence[int]]) -> list[int]:
    """The tour that always goes to the nearest place of a stop not visited yet; the lowest number among equals."""
    tour, here = [], START
    left = set(range(len(stops)))
    while left:
        _, here, stop = min((cost[here][place], place, stop) for stop in left for place in stops[stop])
        tour.append(here)
        left.remove(stop)
    return tour
