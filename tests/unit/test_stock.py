"""What a count of a shelf comes to, and what to order."""

import pytest

from app.domain.stock import Recount, recounted, suggested_quantity


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        (10, Recount(expected=10, available=6, reserved=4, shortage=0)),
        (12, Recount(expected=10, available=8, reserved=4, shortage=0)),
        (5, Recount(expected=10, available=1, reserved=4, shortage=0)),
        (4, Recount(expected=10, available=0, reserved=4, shortage=0)),
        (1, Recount(expected=10, available=0, reserved=4, shortage=3)),
        (0, Recount(expected=10, available=0, reserved=4, shortage=4)),
    ],
)
def test_open_orders_come_before_what_is_available(counted: int, expected: Recount) -> None:
    assert recounted(counted=counted, available=6, reserved=4, held=4, unpicked=4) == expected


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        (11, Recount(expected=11, available=6, reserved=7, shortage=0)),
        (5, Recount(expected=11, available=0, reserved=7, shortage=0)),
        (3, Recount(expected=11, available=0, reserved=5, shortage=0)),
        (1, Recount(expected=11, available=0, reserved=4, shortage=1)),
    ],
)
def test_pieces_set_aside_come_after_orders_and_picked_ones_are_gone_from_the_shelf(
    counted: int, expected: Recount
) -> None:
    assert recounted(counted=counted, available=6, reserved=7, held=4, unpicked=2) == expected


@pytest.mark.parametrize(("available", "reorder_point", "expected"), [(3, 10, 17), (10, 10, 10), (0, 0, 1), (0, 1, 2)])
def test_an_order_fills_up_to_twice_the_reorder_point(available: int, reorder_point: int, expected: int) -> None:
    assert suggested_quantity(available=available, reorder_point=reorder_point) == expected
