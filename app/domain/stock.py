"""Rules of stock by hand. Quantities are whole pieces."""

from dataclasses import dataclass

MOST_PIECES = 1_000_000
"""What no shelf holds: a larger number is a slip of the hand."""

MOST_AT_ONCE = 10_000
"""Pieces of one product in one stock request or one line of a transfer (contract of the supermarket, section 10)."""


@dataclass(frozen=True, slots=True)
class Recount:
    """What a count comes to. `expected` should have lain on the shelf; `shortage` is what open orders now lack."""

    expected: int
    available: int
    reserved: int
    shortage: int


def recounted(*, counted: int, available: int, reserved: int, held: int, unpicked: int) -> Recount:
    """What to write after `counted` pieces were found on the shelf.

    Of the `reserved` pieces orders hold `held`, of which `unpicked` still lie on the shelf; the rest of `reserved` was
    set aside by hand and is counted with the shelf. Orders come first: what is short is taken from the available
    pieces, then from those set aside, and what orders hold stays theirs until a picker marks it missing.
    """
    by_hand = max(reserved - held, 0)
    left = max(counted - unpicked, 0)
    set_aside = min(by_hand, left)
    return Recount(
        expected=available + unpicked + by_hand,
        available=left - set_aside,
        reserved=held + set_aside,
        shortage=max(unpicked - counted, 0),
    )


def suggested_quantity(*, available: int, reorder_point: int) -> int:
    """Pieces to order: up to twice the reorder point, at least one."""
    return max(2 * reorder_point - available, 1)
