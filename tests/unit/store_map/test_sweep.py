"""Distances by sweeping and by the published table, against a third way of finding them."""

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.store_map import distances, publishing, sweep
from app.domain.store_map.graph import grid_of
from app.domain.store_map.layout import Layout, Stair
from scripts.store_generator import LARGE, MIDDLE, Shape, shelf_sides, shopping_list, store
from tests.unit.store_map.stores import all_steps, layouts, steps_from

WAYS = Layout(50, {0: (".>.", "#^#", "...")})


@settings(max_examples=150, deadline=None)
@given(layouts(), st.data())
def test_a_sweep_finds_every_distance(layout: Layout, data: st.DataObject) -> None:
    grid = grid_of(layout)
    cells = list(sweep.members(grid.walkable))
    source = data.draw(st.sampled_from(cells))

    found = sweep.distances(grid, source, cells)

    assert {grid.cell_of(cell): steps for cell, steps in found.items()} == all_steps(layout, grid.cell_of(source))


@settings(max_examples=80, deadline=None)
@given(layouts(), st.data())
def test_a_way_is_as_long_as_the_distance(layout: Layout, data: st.DataObject) -> None:
    grid = grid_of(layout)
    cells = list(sweep.members(grid.walkable))
    source, goal = data.draw(st.sampled_from(cells)), data.draw(st.sampled_from(cells))

    way = [grid.cell_of(cell) for cell in sweep.way(grid, source, goal)]

    expected = all_steps(layout, grid.cell_of(source)).get(grid.cell_of(goal))
    assert bool(way) == (expected is not None)
    assert not way or sum(steps_from(layout, a)[b] for a, b in pairwise(way)) == expected


@settings(max_examples=60, deadline=None)
@given(layouts())
def test_backwards_is_the_same_way_turned_round(layout: Layout) -> None:
    grid = grid_of(layout)
    cells = list(sweep.members(grid.walkable))[:6]

    for one in cells:
        for other in cells:
            forwards = sweep.distances(grid, one, [other]).get(other)
            assert sweep.distances(grid.reversed(), other, [one]).get(one) == forwards


@settings(max_examples=60, deadline=None)
@given(layouts())
def test_the_stored_table_says_what_a_sweep_says(layout: Layout) -> None:
    grid = grid_of(layout)
    cells = list(sweep.members(grid.walkable))[::2]

    table = distances.from_bytes(distances.compute(grid, cells))

    for one in cells:
        swept = sweep.distances(grid, one, cells)
        assert {other: table.between(one, other) for other in cells} == {other: swept.get(other) for other in cells}


def test_cells_the_table_lacks_are_looked_for() -> None:
    layout = store(Shape(20, 14, aisle=1, rack=2, cross=3, one_way=True))
    grid = grid_of(layout)
    cells = random.Random(1).sample(list(sweep.members(grid.walkable)), 8)
    whole, part = (distances.from_bytes(distances.compute(grid, some)) for some in (cells, cells[:3]))

    assert distances.look_up(grid, part, cells) == distances.look_up(grid, whole, cells)
    assert distances.look_up(grid, distances.EMPTY, cells) == distances.look_up(grid, whole, cells)


def test_distances_beyond_16_bits_are_kept() -> None:
    """Stairs of 1,000 steps one above the other."""
    floors = {floor: ("ES" if not floor else "SS",) for floor in range(70)}
    stairs = tuple(Stair((floor, 1, 0), (floor + 1, 1, 0), 1000) for floor in range(69))
    grid = grid_of(Layout(50, floors, stairs))
    ends = [grid.index_of((0, 0, 0)), grid.index_of((69, 0, 0))]

    table = distances.from_bytes(distances.compute(grid, [end for end in ends if end is not None]))

    assert table.between(ends[0] or 0, ends[1] or 0) == 69_002


@pytest.mark.parametrize("data", [b"", b"SMD2", b"XXXX\x00\x00\x00\x00", b"SMD2\x01\x00\x00\x00\x00"])
def test_other_bytes_are_no_table(data: bytes) -> None:
    with pytest.raises(ValueError, match="no distance table"):
        distances.from_bytes(data)


def test_a_one_way_cell_is_left_along_its_arrow_and_entered_from_the_side() -> None:
    grid = grid_of(WAYS)
    left, arrow, right, up = (grid.index_of((0, x, y)) or 0 for x, y in ((0, 0), (1, 0), (2, 0), (1, 1)))

    assert sweep.distances(grid, left, [right]) == {right: 2}
    assert sweep.distances(grid, right, [left]) == {}
    assert sweep.distances(grid, up, [arrow, right]) == {arrow: 1, right: 2}
    assert sweep.distances(grid, arrow, [up]) == {}


def test_publishing_a_large_plan_takes_little_time() -> None:
    """The goal is 3 s of CPU time for 2,000 cells before the shelves of 200x150; twice that on a busy machine."""
    layout = store(MIDDLE)
    shelves = {number: [cell] for number, cell in enumerate(random.Random(1).sample(shelf_sides(layout), 2000))}
    start = time.process_time()

    data = publishing.publish(layout, shelves)

    assert time.process_time() - start < 6
    assert len(distances.from_bytes(data).places) > 1900


def test_a_sweep_of_a_large_store_takes_milliseconds() -> None:
    layout = store(LARGE)
    grid = grid_of(layout)
    goals = [grid.index_of(shelves[0]) or 0 for shelves in shopping_list(layout, 5, 1)]
    start = time.process_time()

    sweep.distances(grid, grid.index_of((0, 0, 0)) or 0, goals)

    assert time.process_time() - start < 0.3


@settings(max_examples=60, deadline=None)
@given(layouts(), st.data())
def test_many_cells_without_a_row_in_the_table_are_measured_like_few(layout: Layout, data: st.DataObject) -> None:
    grid = grid_of(layout)
    cells = list(sweep.members(grid.walkable))
    few = data.draw(st.lists(st.sampled_from(cells), max_size=distances.MOST_SWEPT, unique=True))

    rows = distances.look_up(grid, distances.EMPTY, cells)

    places = [cells.index(cell) for cell in few]
    assert distances.look_up(grid, distances.EMPTY, few) == [[rows[a][b] for b in places] for a in places]
