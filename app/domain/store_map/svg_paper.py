"""Where the floors of a plan lie on the paper, in pixels."""

from collections.abc import Collection
from dataclasses import dataclass

from app.domain.store_map.layout import Cell, Layout

GAP = 24
"""Around each floor; its name stands above it."""
_WIDEST_PX, _TALLEST_PX = 1150.0, 900.0
_LARGEST_CELL_PX = 24.0


@dataclass(frozen=True, slots=True)
class Paper:
    """The side of a cell, the upper left corner of each floor, and the size of all together."""

    cell: float
    corners: dict[int, tuple[float, float]]
    width: float
    height: float

    def middle(self, cell: Cell) -> tuple[float, float]:
        """The middle of a cell."""
        left, top = self.corners[cell[0]]
        return left + (cell[1] + 0.5) * self.cell, top + (cell[2] + 0.5) * self.cell


def lay_out(layout: Layout, floors: Collection[int]) -> Paper:
    """The floors in rows, as many beside each other as let the cells be largest."""
    choices = (_in_rows(layout, sorted(floors), columns) for columns in range(1, len(floors) + 1))
    return max(choices, key=lambda paper: (paper.cell, -paper.height))


def _in_rows(layout: Layout, floors: list[int], columns: int) -> Paper:
    size = {floor: (len(layout.floors[floor][0]), len(layout.floors[floor])) for floor in floors}
    rows = [floors[first : first + columns] for first in range(0, len(floors), columns)]
    wide = max(sum(size[floor][0] for floor in row) for row in rows)
    tall = sum(max(size[floor][1] for floor in row) for row in rows)
    cell = min(
        _LARGEST_CELL_PX, (_WIDEST_PX - GAP * (columns + 1)) / wide, (_TALLEST_PX - GAP * (len(rows) + 1)) / tall
    )
    corners, top = {}, float(GAP)
    for row in rows:
        left = float(GAP)
        for floor in row:
            corners[floor] = (left, top)
            left += size[floor][0] * cell + GAP
        top += max(size[floor][1] for floor in row) * cell + GAP
    return Paper(cell, corners, wide * cell + GAP * (columns + 1), top)
