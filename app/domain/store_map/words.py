"""A way in plain words: how far, where to turn, on which side the product is. Distances in metres."""

from collections.abc import Sequence
from itertools import pairwise

from app.domain.store_map.graph import DOWN, LEFT, RIGHT, UP
from app.domain.store_map.layout import Cell

_HEADINGS = {(1, 0): RIGHT, (0, 1): DOWN, (-1, 0): LEFT, (0, -1): UP}
_ON_THE_MAP = {RIGHT: "right", DOWN: "down", LEFT: "left", UP: "up"}
_TURNS = {1: "turn right", 2: "turn around", 3: "turn left"}
_SIDES = {0: "ahead of you", 1: "on your right", 2: "behind you", 3: "on your left"}


def heading(one: Cell, other: Cell) -> int | None:
    """The heading from a cell to another in the same row or column; None otherwise, also between floors."""
    if one[0] != other[0]:
        return None
    across, down = other[1] - one[1], other[2] - one[2]
    if across and down:
        return None
    return _HEADINGS.get(((across > 0) - (across < 0), (down > 0) - (down < 0)))


def corners(cells: Sequence[Cell]) -> list[Cell]:
    """A way cell by cell, reduced to its ends, its turns and both ends of stairs."""
    kept = list(cells[:1])
    for before, here, after in zip(cells, cells[1:], cells[2:], strict=False):
        if heading(before, here) is None or heading(before, here) != heading(here, after):
            kept.append(here)
    return kept + list(cells[1:][-1:])


def last_heading(polyline: Sequence[Cell], before: int | None) -> int | None:
    """Where one faces at the end of a way, who faced `before` at its start; None when nobody can say."""
    return heading(polyline[-2], polyline[-1]) if len(polyline) > 1 else before


def directions(polyline: Sequence[Cell], facing: int | None, cell_cm: int) -> str:
    """How to walk along the corners of a way for somebody who faces so at its start (None: unknown)."""
    parts = []
    for one, other in pairwise(polyline):
        ahead = heading(one, other)
        if ahead is None:
            parts.append(f"take the stairs or lift to floor {other[0]}")
        else:
            length = metres(abs(one[1] - other[1]) + abs(one[2] - other[2]), cell_cm)
            parts.append(_stretch(facing, ahead, f"{length:g} m"))
        facing = ahead
    text = ", ".join(parts) or "stay where you are"
    return text[0].upper() + text[1:]


def _stretch(facing: int | None, ahead: int, length: str) -> str:
    if facing is None:
        return f"head {_ON_THE_MAP[ahead]} on the map for {length}"
    if facing == ahead:
        return f"go straight on for {length}"
    return f"{_TURNS[(ahead - facing) % 4]} and walk {length}"


def whereabouts(stand: Cell, shelf: Cell, facing: int | None) -> str:
    """Where a shelf is for somebody who stands beside it and faces so."""
    side = heading(stand, shelf)
    if side is None:
        return "right here"
    return "beside you" if facing is None else _SIDES[(side - facing) % 4]


def metres(steps: int, cell_cm: int) -> float:
    """The length of steps of one cell, in metres."""
    return steps * cell_cm / 100
