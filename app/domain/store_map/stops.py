"""From a shopping list to stops: where each product can be taken, what is missing, and what lies how far from what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.domain.store_map import sweep
from app.domain.store_map.distances import DistanceTable, look_up
from app.domain.store_map.graph import Grid
from app.domain.store_map.layout import NO_SIGN, TILL, Cell, Layout, ShelfSign
from app.domain.store_map.legs import Visit
from app.domain.store_map.places import access_cells
from app.domain.store_map.problem import NO_WAY, START, Problem
from app.domain.store_map.words import Goal


@dataclass(frozen=True, slots=True)
class Item:
    """A product of the list, the cells it stands on (none: unlocated), and what the directions call it.

    `signs` are those of the cells that have one.
    """

    product_id: int
    shelves: tuple[Cell, ...]
    name: str = "the product"
    is_frozen: bool = False
    signs: Mapping[Cell, ShelfSign] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stop:
    """Products that are taken from the same cells, one of which is visited."""

    cells: tuple[int, ...]
    items: tuple[Item, ...]
    is_frozen: bool


@dataclass(frozen=True, slots=True)
class Distances:
    """Steps between cells on a list; None where there is no way. `home` has the till nearest to each and its steps."""

    start: dict[int, int]
    between: dict[int, dict[int, int | None]]
    home: dict[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Stops:
    """A list as stops that can each be reached, and the products that cannot be visited."""

    grid: Grid
    origin: int
    stops: tuple[Stop, ...]
    distances: Distances
    to_till: bool
    unlocated: tuple[int, ...]
    unreachable: tuple[int, ...]

    def cells(self) -> list[int]:
        """The cell of each place of the problem from number 2 on."""
        return [cell for stop in self.stops for cell in stop.cells]

    def problem(self, frozen_last: bool) -> Problem:
        """The order of these stops as a problem; with `frozen_last` the frozen ones come after the others."""
        cells, known = self.cells(), self.distances
        ends = [known.home[cell][1] if self.to_till else 0 for cell in cells]
        rows = [[0, self._straight_home(), *(known.start[cell] for cell in cells)], [0] * (len(cells) + 2)]
        for cell, end in zip(cells, ends, strict=True):
            ways = known.between[cell]
            rows.append([0, end, *(_cost(ways[other]) for other in cells)])
        frozen = frozenset(number for number, stop in enumerate(self.stops) if stop.is_frozen and frozen_last)
        return Problem(rows, self._groups(), frozen)

    def _straight_home(self) -> int:
        home = self.distances.home.get(self.origin)
        return home[1] if self.to_till and home else 0

    def _groups(self) -> list[list[int]]:
        """The numbers of each stop's places."""
        groups, first = [], 2
        for stop in self.stops:
            groups.append(list(range(first, first + len(stop.cells))))
            first += len(stop.cells)
        return groups

    def first_without_way(self, order: Sequence[int]) -> Stop | None:
        """The first stop of an order that cannot be reached from the one before; None when all can."""
        cost = self.problem(frozen_last=False).cost
        broken = [after for before, after in zip([START, *order], order, strict=False) if cost[before][after] >= NO_WAY]
        return self._stop_of(broken[0]) if broken else None

    def without(self, stop: Stop) -> "Stops":
        """The same list, with the products of one stop told as unreachable."""
        lost = tuple(item.product_id for item in stop.items)
        return replace(
            self,
            stops=tuple(other for other in self.stops if other is not stop),
            unreachable=self.unreachable + lost,
        )

    def _stop_of(self, place: int) -> Stop:
        return next(stop for stop, places in zip(self.stops, self._groups(), strict=True) if place in places)

    def visits(self, order: Sequence[int]) -> list[Visit]:
        """Where to stand for what, in the order of some places; at last a till, if the route leads there."""
        cells, last = self.cells(), self.origin
        visits = []
        for place in order:
            last = cells[place - 2]
            for item in self._stop_of(place).items:
                shelf = next(shelf for shelf in item.shelves if last in access_cells(self.grid, shelf))
                goal = Goal(item.name, shelf, item.signs.get(shelf, NO_SIGN))
                visits.append(Visit(last, item.product_id, goal))
        if self.to_till and last in self.distances.home:
            visits.append(Visit(self.distances.home[last][0], None, Goal("the till")))
        return visits


def _cost(steps: int | None) -> int:
    return NO_WAY if steps is None else steps


def gather(
    layout: Layout, grid: Grid, table: DistanceTable, origin: int, items: Sequence[Item], *, to_till: bool
) -> Stops:
    """The stops of a list for a shopper at a cell. A product named twice is visited once.

    Only cells count that can be reached from the origin and, if the route ends at a till, from which one can.
    """
    wanted = list({item.product_id: item for item in items}.values())
    access = {
        item.product_id: sorted({cell for shelf in item.shelves for cell in access_cells(grid, shelf)})
        for item in wanted
    }
    tills = [index for cell in layout.cells(TILL) if (index := grid.index_of(cell)) is not None]
    known = _measure(grid, table, origin, sorted({cell for cells in access.values() for cell in cells}), tills)
    usable = {
        product: tuple(cell for cell in cells if cell in known.start and (not to_till or cell in known.home))
        for product, cells in access.items()
    }
    return Stops(
        grid=grid,
        origin=origin,
        stops=_merged([item for item in wanted if usable[item.product_id]], usable),
        distances=known,
        to_till=to_till,
        unlocated=tuple(item.product_id for item in wanted if not item.shelves),
        unreachable=tuple(item.product_id for item in wanted if item.shelves and not usable[item.product_id]),
    )


def _merged(items: Sequence[Item], cells: dict[int, tuple[int, ...]]) -> tuple[Stop, ...]:
    """One stop for all products that are taken from the same cells; frozen ones apart."""
    together: dict[tuple[tuple[int, ...], bool], list[Item]] = {}
    for item in items:
        together.setdefault((cells[item.product_id], item.is_frozen), []).append(item)
    return tuple(Stop(places, tuple(group), frozen) for (places, frozen), group in sorted(together.items(), key=_first))


def _first(entry: tuple[tuple[tuple[int, ...], bool], list[Item]]) -> tuple[tuple[int, ...], bool]:
    """Stops are in the order of their cells, so that the order of the list does not change the answer."""
    return entry[0]


def _measure(grid: Grid, table: DistanceTable, origin: int, cells: list[int], tills: list[int]) -> Distances:
    """What lies how far from what: looked up, and one search from the origin where the table lacks it."""
    targets = list(dict.fromkeys([*cells, *tills]))
    rows = look_up(grid, table, targets)
    between = {cell: dict(zip(targets, row, strict=True)) for cell, row in zip(targets, rows, strict=True)}
    start = sweep.distances(grid, origin, targets)
    home = {cell: way for cell in cells if (way := _nearest(between[cell], tills))}
    straight = _nearest(dict(start), tills)
    return Distances(start, between, {**home, **({origin: straight} if straight else {})})


def _nearest(steps: dict[int, int | None], tills: list[int]) -> tuple[int, int] | None:
    """The nearest till and its steps; None when no till can be reached."""
    ways = [(far, till) for till in tills if (far := steps.get(till)) is not None]
    return (min(ways)[1], min(ways)[0]) if ways else None
