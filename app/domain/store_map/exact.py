"""A proof that no shorter order exists, by integer programming with cuts that forbid separate rounds.

G. Dantzig, R. Fulkerson, S. Johnson, "Solution of a large-scale traveling-salesman problem", 1954; solved with HiGHS
through scipy. Loaded only when a proof is asked for.
"""

import time
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from app.domain.store_map.cuts import separate_rounds, weak_borders
from app.domain.store_map.problem import END, NO_WAY, START, Problem
from app.domain.store_map.programme import Programme

_SLACK = 1e-6
_MOST_ROUNDS = 100
_INFEASIBLE = 2


@dataclass(frozen=True, slots=True)
class Proof:
    """The best tour known, the steps no tour can be shorter than, and whether the two meet."""

    tour: list[int]
    bound: int
    is_optimal: bool


def prove(problem: Problem, tour: list[int], seconds: float) -> Proof:
    """Improve a tour until it is proved to be the shortest, or the wall time is over.

    How far it gets depends on the machine; but the tour is only exchanged for one that is proved to be the shortest.
    """
    search = _Search(problem, problem.length(tour), time.monotonic() + seconds)
    found = search.relax() or search.branch()
    if not found:
        return Proof(tour, search.bound, is_optimal=False)
    if search.better is not None:
        tour = search.better
    return Proof(tour, problem.length(tour), is_optimal=True)


class _Search:
    """Raises the bound by cuts, then branches on what is left. `known` is the length of the tour at hand."""

    def __init__(self, problem: Problem, known: int, deadline: float) -> None:
        self.programme = Programme(problem)
        self.known, self.deadline = known, deadline
        self.unit = _unit(problem)
        self.bound = 0
        self.better: list[int] | None = None

    def relax(self) -> bool:
        """Cut off what is no tour until nothing more is found; true when the bound meets the known tour."""
        programme = self.programme
        for _ in range(_MOST_ROUNDS):
            answer = self._solve_relaxed()
            if answer is None:
                return False
            if self._raise(answer.fun):
                return True
            flow, visited = programme.flow(answer.x), programme.visited(answer.x)
            sets = separate_rounds(flow, visited) or weak_borders(flow, visited, programme.crossings)
            if not sets:
                break
            programme.add_cuts(sets, answer.x)
        self._leave_out(answer)
        return False

    def _left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()

    def _solve_relaxed(self) -> Any:
        """The cheapest solution in fractions; None when the time is over."""
        programme = self.programme
        if self._left() <= 0:
            return None
        cuts = programme.cuts.shape[0]
        answer = linprog(
            programme.cost,
            A_eq=programme.equal,
            b_eq=programme.equal_to,
            A_ub=-programme.cuts if cuts else None,
            b_ub=np.zeros(cuts) if cuts else None,
            bounds=np.column_stack([programme.lower, programme.upper]),
            method="highs",
            options={"time_limit": self._left()},
        )
        return answer if answer.status == 0 else None

    def _raise(self, value: float) -> bool:
        """Note a bound, rounded up to a length a tour can have; true when it meets the known tour."""
        bound = self.known - (self.known - ceil(value - _SLACK)) // self.unit * self.unit
        self.bound = max(self.bound, min(bound, self.known))
        return self.bound >= self.known

    def _leave_out(self, answer: Any) -> None:
        """Close the ways that no shorter tour can take: their reduced cost alone is more than there is to gain."""
        spare = self.known - self.unit - answer.fun + _SLACK
        ways = len(self.programme.tails) - 1  # the last one closes the round and stays
        self.programme.upper[:ways][answer.lower.marginals[:ways] > spare] = 0

    def branch(self) -> bool:
        """Look for a whole solution shorter than the known tour; true when it was found or there is none."""
        programme = self.programme
        while self._left() > 0:
            answer = self._solve_whole()
            if answer.status == _INFEASIBLE:
                return True
            if answer.mip_dual_bound is not None and self._raise(answer.mip_dual_bound):
                return True
            if answer.status != 0:
                return False
            sets = separate_rounds(programme.flow(np.rint(answer.x)), programme.visited(answer.x))
            if not sets:
                self.better = programme.tour(answer.x)
                return True
            programme.add_cuts(sets, answer.x)
        return False

    def _solve_whole(self) -> Any:
        programme = self.programme
        return milp(
            programme.cost,
            integrality=np.ones(len(programme.cost)),
            bounds=Bounds(programme.lower, programme.upper),
            constraints=[
                LinearConstraint(programme.equal, programme.equal_to, programme.equal_to),
                LinearConstraint(programme.cuts, 0, np.inf),
                LinearConstraint(programme.cost[None], -np.inf, self.known - self.unit + 0.5),
            ],
            options={"time_limit": max(self._left(), 0.01), "mip_rel_gap": 0},
        )


def _unit(problem: Problem) -> int:
    """2 when all tours are even or all are odd, as on a grid with one end; else 1.

    So it is when every place can be given a colour, black or white, that changes with each odd way.
    """
    cost = np.array(problem.cost)
    colour = cost[START] % 2
    colour[START] = 0
    odd = (colour[:, None] != colour).astype(int)
    matters = cost < NO_WAY
    matters[:, START] = matters[END] = False
    np.fill_diagonal(matters, val=False)
    matters[START, END] = False
    colour[END] = (cost[2, END] + colour[2]) % 2
    odd[:, END] = colour != colour[END]
    return 2 if bool((cost % 2 == odd)[matters].all()) else 1
