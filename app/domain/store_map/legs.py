"""The legs of a route, from one stop to the next: corner points and directions in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.domain.store_map import sweep, words
from app.domain.store_map.graph import Grid
from app.domain.store_map.layout import Cell


@dataclass(frozen=True, slots=True)
class Visit:
    """Where to stand for a product and on which cell that is; a till has no product and no shelf."""

    cell: int
    product_id: int | None
    name: str
    shelf: Cell | None


@dataclass(frozen=True, slots=True)
class Leg:
    """The way to a product, or to a till (`product_id` None): its corners from start to end, and what to tell."""

    product_id: int | None
    polyline: tuple[Cell, ...]
    steps: int
    instruction: str


def legs_of(grid: Grid, cell_cm: int, origin: int, visits: Sequence[Visit]) -> list[Leg]:
    """The legs from a cell through all visits, in their order."""
    legs: list[Leg] = []
    here, facing = origin, None
    for visit in visits:
        polyline = words.corners([grid.cell_of(cell) for cell in sweep.way(grid, here, visit.cell)])
        walk = words.directions(polyline, facing, cell_cm)
        facing = words.last_heading(polyline, facing)
        legs.append(
            Leg(
                visit.product_id,
                tuple(polyline),
                steps_of(grid, polyline),
                f"{walk}; {_arrival(visit, polyline[-1], facing)}.",
            )
        )
        here = visit.cell
    return legs


def steps_of(grid: Grid, polyline: Sequence[Cell]) -> int:
    """The steps along the corners of a way, stairs at their cost."""
    return sum(_steps_between(grid, one, other) for one, other in pairwise(polyline))


def _steps_between(grid: Grid, one: Cell, other: Cell) -> int:
    if words.heading(one, other) is not None:
        return abs(one[1] - other[1]) + abs(one[2] - other[2])
    foot, end = grid.index_of(one), grid.index_of(other)
    return min(cost for there, cost in grid.stairs[foot or 0] if there == end)


def _arrival(visit: Visit, stand: Cell, facing: int | None) -> str:
    if visit.shelf is None:
        return "the till is here"
    return f"{visit.name} is {words.whereabouts(stand, visit.shelf, facing)}"
