"""The steps one may take in a store, as sets of cells held in the bits of whole numbers.

Floors stand under each other in one grid with a wall column and a wall row between them, so that no step leaves its
floor. Bit number `index_of(cell)` stands for a cell; a set of cells moves one step by one shift.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace

from app.domain.store_map.layout import CLOSED, ONE_WAY, WALKABLE, Cell, Layout

RIGHT, DOWN, LEFT, UP = range(4)
"""Headings, clockwise: the next one is a turn to the right."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Which cells may be walked on, and from which one may step where.

    `steps[heading]` has the cells that may be left in that heading; `stairs` says for a cell where its stairs lead and
    what they cost in steps.
    """

    stride: int
    walkable: int
    steps: tuple[int, int, int, int]
    stairs: dict[int, tuple[tuple[int, int], ...]]
    stair_cells: int
    bases: tuple[tuple[int, int, int, int], ...]
    """First index, floor, width and height of each floor, in the order of the grid."""

    def index_of(self, cell: Cell) -> int | None:
        """The number of a cell; None outside the plan."""
        for base, floor, width, height in self.bases:
            if floor == cell[0]:
                return (
                    base + cell[2] * self.stride + cell[1] if 0 <= cell[1] < width and 0 <= cell[2] < height else None
                )
        return None

    def cell_of(self, index: int) -> Cell:
        """The cell of a number `index_of` gave."""
        base, floor, _, _ = self.bases[bisect_right(self.bases, index, key=lambda entry: entry[0]) - 1]
        y, x = divmod(index - base, self.stride)
        return floor, x, y

    def is_on_plan(self, index: int) -> bool:
        """Whether a number stands for a cell, and not for the wall between floors."""
        if index < 0:
            return False
        base, _, width, height = self.bases[bisect_right(self.bases, index, key=lambda entry: entry[0]) - 1]
        y, x = divmod(index - base, self.stride)
        return x < width and y < height

    def is_walkable(self, index: int) -> bool:
        return bool(self.walkable >> index & 1)

    def offsets(self) -> tuple[int, int, int, int]:
        """By how much the number grows with a step in each heading."""
        return 1, self.stride, -1, -self.stride

    def reversed(self) -> "Grid":
        """The same store with every step taken backwards: a way in it is a way of this one from end to start."""
        right, down, left, up = self.steps
        return replace(self, steps=(left >> 1, up >> self.stride, right << 1, down << self.stride))

    def is_one_way(self) -> bool:
        """Whether some step may not be taken back."""
        return self.reversed().steps != self.steps


def grid_of(layout: Layout, *, open_closed: bool = False) -> Grid:
    """The grid of a plan whose drawing has no fault; `open_closed` lets closed cells be walked on."""
    stride = max(len(rows[0]) for rows in layout.floors.values()) + 1
    bases: list[tuple[int, int, int, int]] = []
    lines: list[str] = []
    for floor in sorted(layout.floors):
        rows = layout.floors[floor]
        bases.append((len(lines) * stride, floor, len(rows[0]), len(rows)))
        lines += [row.ljust(stride, "#") for row in rows] + ["#" * stride]
    drawing = "".join(lines)
    allowed = WALKABLE + CLOSED if open_closed else WALKABLE
    grid = Grid(stride, _bits(drawing, allowed), _steps(drawing, allowed, stride), {}, 0, tuple(bases))
    stairs = _stairs(layout, grid)
    return replace(grid, stairs=stairs, stair_cells=sum(1 << index for index in stairs))


def _bits(drawing: str, signs: str) -> int:
    """The set of cells that carry one of the signs."""
    table = {ord(sign): "1" if sign in signs else "0" for sign in set(drawing)}
    return int(drawing[::-1].translate(table), 2)


def _steps(drawing: str, allowed: str, stride: int) -> tuple[int, int, int, int]:
    """From which cells one may step right, down, left and up."""
    leave, enter = [], []
    for heading, arrow in enumerate(ONE_WAY):
        against = ONE_WAY[(heading + 2) % 4]
        leave.append(_bits(drawing, "".join(sign for sign in allowed if sign not in ONE_WAY or sign == arrow)))
        enter.append(_bits(drawing, allowed.replace(against, "")))
    return (
        leave[RIGHT] & enter[RIGHT] >> 1,
        leave[DOWN] & enter[DOWN] >> stride,
        leave[LEFT] & enter[LEFT] << 1,
        leave[UP] & enter[UP] << stride,
    )


def _stairs(layout: Layout, grid: Grid) -> dict[int, tuple[tuple[int, int], ...]]:
    found: dict[int, tuple[tuple[int, int], ...]] = {}
    for stair in layout.stairs:
        one, other = grid.index_of(stair.one), grid.index_of(stair.other)
        if one is not None and other is not None:
            found[one] = (*found.get(one, ()), (other, stair.cost))
            found[other] = (*found.get(other, ()), (one, stair.cost))
    return found
