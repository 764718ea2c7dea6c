"""A way as strides between turns, as a person walks it: nobody is told to change lanes within an aisle."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from app.domain.store_map.graph import DOWN, LEFT, RIGHT, UP, Grid
from app.domain.store_map.layout import Cell

WIDEST_AISLE_CM = 200
"""How far one steps aside at most without being told."""

_HEADINGS = {(1, 0): RIGHT, (0, 1): DOWN, (-1, 0): LEFT, (0, -1): UP}


class Stride(NamedTuple):
    """Steps in one heading; without a heading stairs to a floor.

    `open_to` are the headings of the sides on which no rack stands along it; none if it is too long for a sidestep.
    """

    ahead: int | None
    steps: int
    floor: int
    open_to: frozenset[int] = frozenset()


def heading(one: Cell, other: Cell) -> int | None:
    """The heading from a cell to another in the same row or column; None otherwise, also between floors."""
    if one[0] != other[0]:
        return None
    across, down = other[1] - one[1], other[2] - one[2]
    if across and down:
        return None
    return _HEADINGS.get(((across > 0) - (across < 0), (down > 0) - (down < 0)))


def strides(grid: Grid, cell_cm: int, polyline: Sequence[Cell], facing: int | None, shelf: Cell | None) -> list[Stride]:
    """The strides along the corners of a way for somebody who faces so at its start (None: unknown).

    Left out are sidesteps within an aisle: on the way, and at its end towards the `shelf`. Where nothing is left of a
    way, it only crosses the aisle.
    """
    done = [Stride(facing, 0, polyline[0][0])]
    for one, other in pairwise(polyline):
        steps = abs(other[1] - one[1]) + abs(other[2] - one[2])
        _walk(done, Stride(heading(one, other), steps, other[0], _open_sides(grid, cell_cm, one, other)))
    if len(done) > 1 and shelf and _is_aside(*done[-2:]) and heading(polyline[-1], shelf) == done[-1].ahead:
        done.pop()
    return done[1:]


def _walk(done: list[Stride], stride: Stride) -> None:
    """Add a stride; a sidestep before it is forgotten if one walks on along the same line as before that."""
    if len(done) > 1 and _is_aside(*done[-2:]) and stride.ahead in done[-1].open_to:
        done.pop()
        if len(done) > 1 and done[-1].ahead == stride.ahead:
            stride = Stride(stride.ahead, done.pop().steps + stride.steps, stride.floor)
    done.append(stride)


def _is_aside(before: Stride, stride: Stride) -> bool:
    """Whether a stride stays in the aisle that the one before came along."""
    return before.ahead is not None and (before.ahead + 2) % 4 in stride.open_to


def _open_sides(grid: Grid, cell_cm: int, one: Cell, other: Cell) -> frozenset[int]:
    """The headings across the way between two cells in which one can walk away from all cells between them."""
    ahead, first, last = heading(one, other), grid.index_of(one), grid.index_of(other)
    if ahead is None or first is None or last is None:
        return frozenset()
    offsets = grid.offsets()
    between = range(first + offsets[ahead], last, offsets[ahead])
    if (len(between) + 1) * cell_cm > WIDEST_AISLE_CM:
        return frozenset()
    return frozenset(
        side
        for side in ((ahead + 1) % 4, (ahead + 3) % 4)
        if all(cell + offsets[side] >= 0 and grid.is_walkable(cell + offsets[side]) for cell in between)
    )


def is_rack_end(grid: Grid, stand: Cell, shelf: Cell) -> bool:
    """Whether one stands before the narrow side of the rack a shelf is part of: the aisle runs along the long one."""
    place, side = grid.index_of(shelf), heading(stand, shelf)
    if place is None or side is None:
        return False
    forth, along = grid.offsets()[side], grid.offsets()[(side + 1) % 4]
    return _run(grid, place, along) + _run(grid, place, -along) - 1 < _run(grid, place, forth)


def _run(grid: Grid, place: int, offset: int) -> int:
    """How many cells of a rack follow each other from one on, up to the end of the plan."""
    length = 0
    while grid.is_on_plan(place) and not grid.is_walkable(place):
        place, length = place + offset, length + 1
    return length
