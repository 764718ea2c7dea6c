"""The legs of a route, from one stop to the next: corner points and directions in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.domain.store_map import sweep, words
from app.domain.store_map.graph import Grid
from app.domain.store_map.layout import NO_SIGN, Cell, ShelfSign
from app.domain.store_map.strides import heading, is_rack_end, strides
from app.domain.store_map.words import Goal


@dataclass(frozen=True, slots=True)
class Visit:
    """Where to stand for a product; a till has none."""

    cell: int
    product_id: int | None
    goal: Goal


@dataclass(frozen=True, slots=True)
class Leg:
    """The way to a product, or to a till (`product_id` None): its corners from start to end, and what to tell.

    `shelf` is the cell the product stands on, `sign` what is written there.
    """

    product_id: int | None
    polyline: tuple[Cell, ...]
    steps: int
    instruction: str
    shelf: Cell | None = None
    sign: ShelfSign = NO_SIGN


def legs_of(grid: Grid, cell_cm: int, origin: int, visits: Sequence[Visit]) -> list[Leg]:
    """The legs from a cell through all visits, in their order."""
    legs: list[Leg] = []
    here, facing, aisle = origin, None, None
    for visit in visits:
        goal = visit.goal
        polyline = words.corners([grid.cell_of(cell) for cell in sweep.way(grid, here, visit.cell)])
        at_end = goal.shelf is not None and is_rack_end(grid, polyline[-1], goal.shelf)
        walk = strides(grid, cell_cm, polyline, facing, goal.shelf)
        text = words.sentence(polyline, walk, facing, goal, aisle=aisle, at_end=at_end, cell_cm=cell_cm)
        steps = steps_of(grid, polyline)
        legs.append(Leg(visit.product_id, tuple(polyline), steps, text, goal.shelf, goal.sign))
        here, facing, aisle = visit.cell, walk[-1].ahead if walk else facing, None if at_end else goal.sign.aisle
    return legs


def steps_of(grid: Grid, polyline: Sequence[Cell]) -> int:
    """The steps along the corners of a way, stairs at their cost."""
    return sum(_steps_between(grid, one, other) for one, other in pairwise(polyline))


def _steps_between(grid: Grid, one: Cell, other: Cell) -> int:
    if heading(one, other) is not None:
        return abs(one[1] - other[1]) + abs(one[2] - other[2])
    foot, end = grid.index_of(one), grid.index_of(other)
    return min(cost for there, cost in grid.stairs[foot or 0] if there == end)
