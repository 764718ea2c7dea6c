"""The order of the stops: exact for short lists, iterated local search for longer ones.

Iterated local search: change the tour in one neighbourhood at random, repair it there, keep it unless it became longer
(O. Martin, S. Otto, E. Felten, "Large-step Markov chains for the traveling salesman problem", 1991).
"""

import random

from app.domain.store_map import held_karp
from app.domain.store_map.local_search import LocalSearch
from app.domain.store_map.problem import Problem, is_symmetric, nearest_neighbour

EXACT_STOPS = 13
EXACT_WORK = 2**EXACT_STOPS * 40**2
"""Sets of stops times pairs of places up to which the exact method is quick, however few the stops."""
LOOKS_PER_MS = 120
LOOKS_PER_MS_ONE_WAY = 60
"""Work within a millisecond of CPU time, counted at half of what was measured: slower where distances differ there and
back. Counting work and not time makes the answer the same on every machine.
"""
MS_PER_SQUARE = 1 / 26
"""CPU time by default, for the square of the number of stops: 35 ms for 30 stops, 138 ms for 60."""
MOST_MS = 500
SWITCHED = 0.5
"""How often a product that stands in several places is taken from another one at random."""
LONGEST_SWAP = 12
"""Stops in each of two neighbouring stretches that change places in a random change."""


def shortest(problem: Problem, max_ms: int | None = None) -> tuple[list[int], bool]:
    """The places to visit in their order, without start and end, and whether no shorter tour exists.

    `max_ms` is the CPU time for lists that are not solved exactly (None: by the number of stops); the same problem has
    the same answer every time.
    """
    cost = problem.penalised()
    if is_solved_exactly(problem):
        return held_karp.shortest_tour(cost, problem.stops) if problem.stops else [], True
    if max_ms is None:
        max_ms = min(MOST_MS, round(len(problem.stops) ** 2 * MS_PER_SQUARE))
    pace = LOOKS_PER_MS if is_symmetric(problem.cost) else LOOKS_PER_MS_ONE_WAY
    return search(cost, problem.stops, max_ms * pace), False


def is_solved_exactly(problem: Problem) -> bool:
    """Whether the problem is small enough for the exact method."""
    stops, places = len(problem.stops), len(problem.cost) - 2
    return stops <= EXACT_STOPS and 2**stops * places**2 <= EXACT_WORK


def search(cost: list[list[int]], stops: list[list[int]], looks: int) -> list[int]:
    """Nearest neighbour, then local search, then iterated local search until so many looks were taken."""
    search = LocalSearch(cost, stops, nearest_neighbour(cost, stops))
    search.improve(search.tour[1:-1])
    best, length = search.tour[:], search.length()
    dice = random.Random(len(stops))  # noqa: S311 (no secret; the same list has to give the same answer)
    while search.looks < looks and len(stops) > 1:
        search.improve(_shake(search, dice))
        found = search.length()
        if found <= length:
            best, length = search.tour[:], found
        else:
            search.set(best[:])
    return best[1:-1]


def _shake(search: LocalSearch, dice: random.Random) -> list[int]:
    """Change the tour at random: two stretches, or where some product is taken from; the places to look at then."""
    place = search.tour[1 + int(dice.random() * (len(search.tour) - 2))]
    if search.choices[place] and dice.random() < SWITCHED:
        return search.take_instead(place, dice.choice(search.choices[place]))
    return _swap_stretches(search, dice)


def _swap_stretches(search: LocalSearch, dice: random.Random) -> list[int]:
    """Let two neighbouring stretches change places (a double bridge); the places at their ends."""
    tour = search.tour
    longest = min(LONGEST_SWAP, (len(tour) - 2) // 2)
    one, other = 1 + int(dice.random() * longest), 1 + int(dice.random() * longest)
    first = 1 + int(dice.random() * (len(tour) - 1 - one - other))
    middle, end = first + one, first + one + other
    ends = [tour[first - 1], tour[first], tour[middle - 1], tour[middle], tour[end - 1], tour[end]]
    search.set(tour[:first] + tour[middle:end] + tour[first:middle] + tour[end:])
    return ends
