"""A place by radio is moved to where one can walk."""

import pytest

from app.domain.devices.beacons import Spot, snapped

ROWS = ("#####", "#.###", "##### ", "####.")


@pytest.mark.parametrize(
    ("spot", "expected"),
    [
        ((70, 95), (70, 95)),
        ((10, 10), (75, 75)),
        ((130, 75), (75, 75)),
        ((200, 140), (225, 175)),
        ((-900, -900), (75, 75)),
        ((2000, 175), (225, 175)),
    ],
)
def test_a_spot_moves_to_the_nearest_walkable_cell(spot: tuple[int, int], expected: tuple[int, int]) -> None:
    assert snapped(Spot(0, *spot), ROWS, 50) == Spot(0, *expected)


def test_a_corner_near_by_does_not_beat_a_nearer_cell_straight_ahead() -> None:
    rows = ("######.", "#######", "#######", "#######", ".######")

    assert snapped(Spot(0, 225, 25), rows, 50) == Spot(0, 325, 25)


@pytest.mark.parametrize("rows", [(), ("##", "##"), ("." + "#" * 200,)])
def test_a_spot_far_from_any_walkable_cell_stays(rows: tuple[str, ...]) -> None:
    assert snapped(Spot(2, 9000, 10), rows, 50) == Spot(2, 9000, 10)
