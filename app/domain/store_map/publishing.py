"""Publishing a plan: the faults that stand against it, and the table of distances it is published with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.domain.store_map import distances, sweep
from app.domain.store_map.checks import MOST_FAULTS, Fault, drawing_faults, place
from app.domain.store_map.distances import MOST_TABLE_CELLS
from app.domain.store_map.graph import Grid, grid_of
from app.domain.store_map.layout import ENTRANCE, TILL, Cell, Layout
from app.domain.store_map.places import access_cells, stations

Shelves = Mapping[int, Sequence[Cell]]
"""The cells each product stands on, by its id."""


def faults(layout: Layout, shelves: Shelves) -> list[Fault]:
    """Everything that is wrong with a plan and the places of its products, at most MOST_FAULTS.

    What only closed cells cut off does not block: they are closed for a time.
    """
    found = drawing_faults(layout)
    if not any(fault.blocks for fault in found):
        found += _reach_faults(layout, shelves)
    return found[:MOST_FAULTS]


def publish(layout: Layout, shelves: Shelves) -> bytes:
    """The stored table of distances in steps of a plan without blocking faults; loads scipy.

    Raises:
        ValueError: there are blocking faults.
    """
    if any(fault.blocks for fault in faults(layout, shelves)):
        raise ValueError("a plan with faults cannot be published")
    grid = grid_of(layout)
    return distances.compute(grid, stations(grid, layout, shelves))


@dataclass(frozen=True, slots=True)
class _Reach:
    """Cells that can be reached from an entrance, and cells from which a till can be."""

    grid: Grid
    from_door: int
    to_till: int

    def serves(self, cells: Sequence[int]) -> bool:
        """Whether a shopper can walk to one of the cells and on to a till."""
        return bool(sweep.set_of(cells) & self.from_door & self.to_till)


def _reach(layout: Layout, *, open_closed: bool) -> _Reach:
    grid = grid_of(layout, open_closed=open_closed)
    doors, tills = _marked(grid, layout, ENTRANCE), _marked(grid, layout, TILL)
    return _Reach(grid, sweep.reached(grid, doors), sweep.reached(grid.reversed(), tills))


def _marked(grid: Grid, layout: Layout, sign: str) -> int:
    return sweep.set_of(index for cell in layout.cells(sign) if (index := grid.index_of(cell)) is not None)


def _reach_faults(layout: Layout, shelves: Shelves) -> Iterator[Fault]:
    now, opened = _reach(layout, open_closed=False), _reach(layout, open_closed=True)
    yield from _cut_off(
        layout, ENTRANCE, now.to_till, opened.to_till, "no till can be reached from this entrance", now.grid
    )
    yield from _cut_off(layout, TILL, now.from_door, opened.from_door, "no entrance leads to this till", now.grid)
    for product, places in sorted(shelves.items()):
        for shelf in places:
            yield from _product_faults(layout, product, shelf, now, opened)
    if len(stations(now.grid, layout, shelves)) > MOST_TABLE_CELLS:
        yield Fault(f"The products stand before more than {MOST_TABLE_CELLS:,} cells; draw with larger cells.")


def _cut_off(layout: Layout, sign: str, now: int, opened: int, text: str, grid: Grid) -> Iterator[Fault]:
    """The doors or tills outside a set of cells; they block unless closed cells are the reason."""
    cells = layout.cells(sign)
    inside = [cell for cell in cells if now >> (grid.index_of(cell) or 0) & 1]
    for cell in cells:
        if cell not in inside:
            is_for_a_time = bool(inside) and bool(opened >> (grid.index_of(cell) or 0) & 1)
            yield Fault(f"{place(cell).capitalize()}: {text}.", cell, blocks=not is_for_a_time)


def _product_faults(layout: Layout, product: int, shelf: Cell, now: _Reach, opened: _Reach) -> Iterator[Fault]:
    cells = access_cells(now.grid, shelf)
    if layout.sign(shelf) is None:
        yield Fault(f"Product {product} stands outside the plan: {place(shelf)}.", shelf, product)
    elif not access_cells(opened.grid, shelf):
        yield Fault(f"Product {product} at {place(shelf)}: no cell to walk on is beside it.", shelf, product)
    elif not now.serves(cells):
        is_for_a_time = opened.serves(access_cells(opened.grid, shelf))
        why = (
            "closed cells cut it off for now"
            if is_for_a_time
            else "no entrance leads to it"
            if not sweep.set_of(cells) & now.from_door
            else "no way leads from it to a till"
        )
        yield Fault(f"Product {product} at {place(shelf)}: {why}.", shelf, product, blocks=not is_for_a_time)
