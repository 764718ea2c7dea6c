"""Where one stands to take a product, and where a cart stands that is said to be inside a shelf."""

from collections.abc import Iterable, Mapping, Sequence

from app.domain.store_map.graph import Grid
from app.domain.store_map.layout import ENTRANCE, TILL, Cell, Layout

ASTRAY = 10
"""Cells by which a reported position may be off before it is refused."""


def access_cells(grid: Grid, shelf: Cell) -> list[int]:
    """The cells one can take a product from: its own if one can walk there, else the walkable ones beside it."""
    here = grid.index_of(shelf)
    if here is None:
        return []
    if grid.is_walkable(here):
        return [here]
    beside = (here + offset for offset in grid.offsets())
    return sorted(index for index in beside if index >= 0 and grid.is_walkable(index))


def stations(grid: Grid, layout: Layout, shelves: Mapping[int, Iterable[Cell]]) -> list[int]:
    """The cells a published table covers: access cells of every product, entrances and tills, in order.

    `shelves` are the places of each product, by its id.
    """
    cells = {index for places in shelves.values() for shelf in places for index in access_cells(grid, shelf)}
    doors = (grid.index_of(cell) for cell in layout.cells(ENTRANCE + TILL))
    return sorted(cells | {index for index in doors if index is not None})


def nearest_walkable(grid: Grid, cell: Cell) -> int | None:
    """The walkable cell nearest to a position as the crow walks, up to ASTRAY cells away; None if there is none."""
    floor, x, y = cell
    for away in range(ASTRAY + 1):
        for index in _ring(grid, floor, x, y, away):
            if grid.is_walkable(index):
                return index
    return None


def _ring(grid: Grid, floor: int, x: int, y: int, away: int) -> Sequence[int]:
    """The cells so many columns and rows together away from a position."""
    spots = ((x + aside, y + sign * (away - abs(aside))) for aside in range(-away, away + 1) for sign in (-1, 1))
    found = (grid.index_of((floor, column, row)) for column, row in spots)
    return sorted({index for index in found if index is not None})
