"""Improving a tour by small changes, near the places where something changed last.

Moves: reversal of a stretch (2-opt; G. Croes 1958), moving up to three stops elsewhere (Or-opt; I. Or 1976), another
shelf of the same product. Neighbour lists and a queue of places worth a look keep it fast (J. Bentley, "Fast algorithms
for geometric traveling salesman problems", 1992). A reversed stretch is priced in its new direction, so one-way aisles
need no other method.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

from app.domain.store_map.problem import END, START, is_symmetric

NEIGHBOURS = 8
LONGEST_MOVED = 3


class LocalSearch:
    """A tour with fixed ends that can be improved, changed and set back. `looks` counts the work done."""

    def __init__(self, cost: Sequence[Sequence[int]], stops: Sequence[Sequence[int]], tour: Sequence[int]) -> None:
        self.cost = _with_way_back(cost)
        self.stops = stops
        self.choices = {place: [other for other in group if other != place] for group in stops for place in group}
        self.is_symmetric = is_symmetric(cost)
        self.close = (
            self.cost
            if self.is_symmetric
            else [
                [min(there, back) for there, back in zip(row, column, strict=True)]
                for row, column in zip(self.cost, zip(*self.cost, strict=True), strict=True)
            ]
        )
        self.near = _neighbours(self.close, stops)
        self.looks = 0
        self.drift = [0] * (len(tour) + 2)
        self.place_in_tour = [-1] * len(cost)
        self.set([START, *tour, END])

    def set(self, tour: list[int]) -> None:
        """Take a tour as it is, start and end included."""
        for place in getattr(self, "tour", ()):
            self.place_in_tour[place] = -1
        self.tour = tour
        self._renumber(0, len(tour))

    def _renumber(self, first: int, end: int) -> None:
        """Note where the places of a stretch of the tour now stand."""
        where, tour = self.place_in_tour, self.tour
        for number in range(first, end):
            where[tour[number]] = number
        if not self.is_symmetric:
            cost = self.cost
            turned = (cost[b][a] - cost[a][b] for a, b in pairwise(tour))
            # What reversing a stretch adds inside it is the difference of two of these sums.
            self.drift = [0, *accumulate(turned)]

    def length(self) -> int:
        """What the tour costs."""
        cost, tour = self.cost, self.tour
        return sum([cost[a][b] for a, b in pairwise(tour)])

    def take_instead(self, place: int, choice: int) -> list[int]:
        """Take a product from another place, where that adds least to the tour; the places around the change."""
        here, tour, cost = self.place_in_tour[place], self.tour, self.cost
        around = [tour[here - 1], tour[here + 1]]
        rest = tour[:here] + tour[here + 1 :]
        added = [cost[a][choice] + cost[choice][b] - cost[a][b] for a, b in pairwise(rest)]
        gap = added.index(min(added))
        self.set([*rest[: gap + 1], choice, *rest[gap + 1 :]])
        return [*around, rest[gap], choice, rest[gap + 1]]

    def improve(self, places: Iterable[int]) -> None:
        """Apply improving moves around some places, and around what they change, until there are none."""
        queue = deque(places)
        waiting = set(queue)
        while queue:
            place = queue.popleft()
            waiting.discard(place)
            changed = self.step(place)
            while changed:
                for other in changed:
                    if other not in waiting:
                        waiting.add(other)
                        queue.append(other)
                changed = self.step(place) if self.place_in_tour[place] >= 0 else ()

    def step(self, place: int) -> Sequence[int]:
        """Apply one improving move at a place; the places whose neighbours changed, none when no move helps."""
        if not 0 < self.place_in_tour[place] < len(self.tour) - 1:
            return ()
        self.looks += 1
        return self._reverse_after(place) or self._reverse_before(place) or self._move(place) or self._switch(place)

    def _reverse_after(self, place: int) -> Sequence[int]:
        """2-opt: join the place to a neighbour by turning the stretch from behind the one to the other."""
        cost, tour, where, drift, near_by = self.cost, self.tour, self.place_in_tour, self.drift, self.close[place]
        here = where[place]
        old = cost[place][tour[here + 1]]
        for other in self.near[place]:
            if near_by[other] >= old:
                break
            there = where[other]
            if there < 0 or there == len(tour) - 1:
                continue
            low, high = (here, there) if here < there else (there, here)
            a, b, c, d = tour[low], tour[low + 1], tour[high], tour[high + 1]
            if cost[a][b] + cost[c][d] - cost[a][c] - cost[b][d] > drift[high] - drift[low + 1]:
                return self._reverse(low + 1, high)
        return ()

    def _reverse_before(self, place: int) -> Sequence[int]:
        """2-opt: join the place to a neighbour by turning the stretch from the one to before the other."""
        cost, tour, where, drift, near_by = self.cost, self.tour, self.place_in_tour, self.drift, self.close[place]
        here = where[place]
        old = cost[tour[here - 1]][place]
        for other in self.near[place]:
            if near_by[other] >= old:
                break
            there = where[other]
            if there <= 0:
                continue
            low, high = (here, there) if here < there else (there, here)
            a, b, c, d = tour[low - 1], tour[low], tour[high - 1], tour[high]
            if cost[a][b] + cost[c][d] - cost[a][c] - cost[b][d] > drift[high - 1] - drift[low]:
                return self._reverse(low, high - 1)
        return ()

    def _reverse(self, low: int, high: int) -> Sequence[int]:
        tour = self.tour
        tour[low : high + 1] = tour[low : high + 1][::-1]
        self._renumber(low, high + 1)
        return tour[low - 1], tour[low], tour[high], tour[high + 1]

    def _move(self, place: int) -> Sequence[int]:
        """Or-opt: move the place, alone or with one or two that follow or precede it, beside a neighbour."""
        here, end = self.place_in_tour[place], len(self.tour) - 1
        for more in range(LONGEST_MOVED):
            if here + more < end and (changed := self._move_stretch(place, here, here + more)):
                return changed
            if more and here - more > 0 and (changed := self._move_stretch(place, here - more, here)):
                return changed
        return ()

    def _move_stretch(self, place: int, first: int, last: int) -> Sequence[int]:
        """Move a stretch, one end of which is the place, where the place stands beside a neighbour."""
        cost, tour, where, near_by = self.cost, self.tour, self.place_in_tour, self.close[place]
        before, after = tour[first - 1], tour[last + 1]
        saved = cost[before][tour[first]] + cost[tour[last]][after] - cost[before][after]
        for other in self.near[place]:
            if near_by[other] >= saved:
                break
            there = where[other]
            if there < 0 or first <= there <= last:
                continue
            if there < len(tour) - 1 and there != first - 1:
                turned = tour[first] != place
                if self._insertion(first, last, there, turned) < saved:
                    return self._carry(first, last, there, turned)
            if there > 0 and there != last + 1:
                turned = tour[last] != place
                if self._insertion(first, last, there - 1, turned) < saved:
                    return self._carry(first, last, there - 1, turned)
        return ()

    def _insertion(self, first: int, last: int, gap: int, turned: bool) -> int:
        """What it costs to put a stretch between the gap-th place of the tour and the next one."""
        cost, tour = self.cost, self.tour
        left, right, head, tail = tour[gap], tour[gap + 1], tour[first], tour[last]
        if turned:
            inside = self.drift[last] - self.drift[first]
            return cost[left][tail] + cost[head][right] - cost[left][right] + inside
        return cost[left][head] + cost[tail][right] - cost[left][right]

    def _carry(self, first: int, last: int, gap: int, turned: bool) -> Sequence[int]:
        tour = self.tour
        changed = tour[first - 1], tour[first], tour[last], tour[last + 1], tour[gap], tour[gap + 1]
        stretch = tour[first : last + 1]
        if turned:
            stretch.reverse()
        if gap > last:
            tour[first : gap + 1] = tour[last + 1 : gap + 1] + stretch
            self._renumber(first, gap + 1)
        else:
            tour[gap + 1 : last + 1] = stretch + tour[gap + 1 : first]
            self._renumber(gap + 1, last + 1)
        return changed

    def _switch(self, place: int) -> Sequence[int]:
        """Fetch the product from another of its shelves: at the same point of the tour, or beside a neighbour there."""
        if not self.choices[place]:
            return ()
        cost, tour, here = self.cost, self.tour, self.place_in_tour[place]
        before, after = tour[here - 1], tour[here + 1]
        kept = cost[before][place] + cost[place][after]
        saved = kept - cost[before][after]
        for choice in self.choices[place]:
            if cost[before][choice] + cost[choice][after] < kept:
                return self._replace(here, choice, here)
            gap = self._gap_for(choice, place, saved)
            if gap is not None:
                return self._replace(here, choice, gap)
        return ()

    def _gap_for(self, choice: int, place: int, saved: int) -> int | None:
        """Where another shelf fits in for less than is saved by leaving out the place; None if nowhere."""
        cost, tour, where, near_by = self.cost, self.tour, self.place_in_tour, self.close[choice]
        for other in self.near[choice]:
            if near_by[other] >= saved:
                break
            for gap in (where[other] - 1, where[other]):
                if 0 <= gap < len(tour) - 1 and where[other] >= 0 and place not in (tour[gap], tour[gap + 1]):
                    left, right = tour[gap], tour[gap + 1]
                    if cost[left][choice] + cost[choice][right] - cost[left][right] < saved:
                        return gap
        return None

    def _replace(self, here: int, choice: int, gap: int) -> Sequence[int]:
        """Take the place out and put another shelf behind the gap-th place; `gap == here` puts it where that was."""
        tour = self.tour
        around = tour[here - 1], tour[here + 1], tour[gap], tour[gap + 1]
        self.place_in_tour[tour[here]] = -1
        tour[here] = choice
        self._renumber(here, here + 1)
        if gap != here:
            self._carry(here, here, gap, turned=False)
        return choice, *(place for place in around if self.place_in_tour[place] >= 0)


def _with_way_back(cost: Sequence[Sequence[int]]) -> list[list[int]]:
    """The costs, with ways to the start and from the end priced as their opposites: a tour never takes them."""
    rows = [list(row) for row in cost]
    for place in range(len(rows)):
        rows[place][START] = rows[START][place]
        rows[END][place] = rows[place][END]
    return rows


def _neighbours(close: Sequence[Sequence[int]], stops: Sequence[Sequence[int]]) -> list[list[int]]:
    """For each place the nearest places of other stops, start and end among them."""
    own = {place: set(group) for group in stops for place in group}
    size = len(close)
    return [
        heapq.nsmallest(
            NEIGHBOURS, (o for o in range(size) if o not in own.get(place, {place})), key=close[place].__getitem__
        )
        for place in range(size)
    ]
