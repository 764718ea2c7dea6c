"""The order of stops as an integer programme: which ways are taken, which place of each stop is visited.

Where distances are the same there and back, a way stands for both directions. Separate rounds are forbidden by cuts
only when they show up (see `cuts`): leaving a set of stops at least once.
"""

from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack

from app.domain.store_map.problem import END, NO_WAY, START, Problem, is_symmetric

Vector = np.ndarray[Any, np.dtype[Any]]


class Programme:
    """Columns: the ways, then one for each place (visited or not). `equal` times the columns is `equal_to`."""

    def __init__(self, problem: Problem) -> None:
        self.places, self.stops = len(problem.cost), len(problem.stops) + 2
        self.is_directed = not is_symmetric(problem.cost)
        # Start and end are stops 0 and 1 here.
        self.stop_of = np.array([START, END, *[stop + 2 for stop in problem.stop_of()[2:]]])
        self.tails, self.heads = self._ways(np.array(problem.cost))
        self.cost = np.concatenate([np.array(problem.cost)[self.tails, self.heads], np.zeros(self.places)])
        closing = len(self.tails) - 1
        self.cost[closing] = 0
        self.lower, self.upper = np.zeros(len(self.cost)), np.ones(len(self.cost))
        self.lower[closing] = 1
        self.equal, self.equal_to = self._equations(frozenset(stop + 2 for stop in problem.frozen))
        self.cuts = csr_array((0, len(self.cost)))

    @property
    def crossings(self) -> int:
        """How many ways of a tour cross the border of a set of stops at least, as `cut` counts them."""
        return 1 if self.is_directed else 2

    def _ways(self, cost: Vector) -> tuple[Vector, Vector]:
        """Tails and heads of the ways between places of different stops; the last one leads from end to start."""
        usable = (cost < NO_WAY) & (self.stop_of[:, None] != self.stop_of)
        usable[:, START] = usable[END] = False
        if not self.is_directed:
            usable[2:, 2:] = np.triu(usable[2:, 2:])
        tails, heads = np.nonzero(usable)
        return np.append(tails, END), np.append(heads, START)

    def _equations(self, frozen: frozenset[int]) -> tuple[csr_array, Vector]:
        """A visited place is entered and left once; of each stop one place is visited; one way leads to the frozen."""
        ways, places = len(self.tails), np.arange(self.places)[:, None]
        entered, left = (self.heads == places).astype(float), (self.tails == places).astype(float)
        visited = np.eye(self.places)
        balance = (
            np.vstack([np.hstack([entered, -visited]), np.hstack([left, -visited])])
            if self.is_directed
            else np.hstack([entered + left, -2 * visited])
        )
        one_place = np.hstack([np.zeros((self.stops, ways)), self.stop_of == np.arange(self.stops)[:, None]])
        rows, to = [balance, one_place], [np.zeros(len(balance)), np.ones(self.stops)]
        if frozen:
            rows.append(self._crossing(frozen | {END})[None])
            to.append(np.ones(1))
        return csr_array(np.vstack(rows)), np.concatenate(to)

    def _crossing(self, late: frozenset[int]) -> Vector:
        """The ways between the stops that come last and the others, the closing one apart."""
        is_late = np.isin(self.stop_of, list(late))
        row = np.zeros(len(self.cost))
        row[: len(self.tails) - 1] = (is_late[self.tails] != is_late[self.heads])[:-1]
        return row

    def add_cuts(self, sets: list[Vector], values: Vector) -> None:
        """Forbid visiting a place in one of the sets of places without crossing its border.

        Of the stops with places in a set, the one `values` visits there most makes the strongest cut.
        """
        rows = csr_array(np.array([self._cut(inside, self.visited(values)) for inside in sets]))
        self.cuts = vstack([self.cuts, rows], format="csr")

    def _cut(self, inside: Vector, visited: Vector) -> Vector:
        """Ways out of a set of places, less as many as visiting a stop in it takes."""
        out = inside[self.tails] & ~inside[self.heads]
        if not self.is_directed:
            out |= inside[self.heads] & ~inside[self.tails]
        stop = np.bincount(self.stop_of, weights=visited * inside).argmax()
        return np.concatenate([out, -float(self.crossings) * (inside & (self.stop_of == stop))])

    def flow(self, values: Vector) -> Vector:
        """How much of the ways leads from each place to each other one, in both directions unless they differ."""
        flow = np.zeros((self.places, self.places))
        flow[self.tails, self.heads] = values[: len(self.tails)]
        return flow if self.is_directed else flow + flow.T

    def visited(self, values: Vector) -> Vector:
        """How much each place is visited, from 0 to 1."""
        return values[len(self.tails) :]

    def tour(self, values: Vector) -> list[int]:
        """The places of a solution in their order, without start and end."""
        taken = np.flatnonzero(values[: len(self.tails) - 1] > 0.5)
        beside: dict[int, list[int]] = {}
        for tail, head in zip(self.tails[taken].tolist(), self.heads[taken].tolist(), strict=True):
            beside.setdefault(tail, []).append(head)
            if not self.is_directed:
                beside.setdefault(head, []).append(tail)
        tour = [START]
        while tour[-1] != END:
            tour.append(next(place for place in beside[tour[-1]] if place not in tour[-2:]))
        return tour[1:-1]
