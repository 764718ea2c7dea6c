"""A way in plain words: how far, where to turn, on which side the product is. Distances in metres."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.domain.store_map.graph import DOWN, LEFT, RIGHT, UP
from app.domain.store_map.layout import NO_SIGN, Cell, ShelfSign
from app.domain.store_map.strides import Stride, heading

_ON_THE_MAP = {RIGHT: "right", DOWN: "down", LEFT: "left", UP: "up"}
_TURNS = {1: "turn right", 2: "turn around", 3: "turn left"}
_SIDES = {0: "straight ahead", 1: "on your right", 2: "behind you", 3: "on your left"}
_WHOLE_METRES = 10
"""From here on tenths of a metre are left out: nobody paces them."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What the way leads to: a product by its name, the cell it stands on and its sign; a till has no shelf."""

    name: str
    shelf: Cell | None = None
    sign: ShelfSign = NO_SIGN


def corners(cells: Sequence[Cell]) -> list[Cell]:
    """A way cell by cell, reduced to its ends, its turns and both ends of stairs."""
    kept = list(cells[:1])
    for before, here, after in zip(cells, cells[1:], cells[2:], strict=False):
        if heading(before, here) is None or heading(before, here) != heading(here, after):
            kept.append(here)
    return kept + list(cells[1:][-1:])


def sentence(
    polyline: Sequence[Cell],
    strides: Sequence[Stride],
    facing: int | None,
    goal: Goal,
    *,
    aisle: int | None,
    at_end: bool = False,
    cell_cm: int,
) -> str:
    """How to walk the strides of a way to where one stands for the goal, and what is there.

    `facing` is the heading at the start (None: unknown), `aisle` the number of the aisle one is in already;
    `at_end` if one stands at the narrow end of the rack and not in its aisle.
    """
    stand = polyline[-1]
    ahead = strides[-1].ahead if strides else facing
    side = None if goal.shelf is None else heading(stand, goal.shelf)
    new = goal.sign.aisle if goal.sign.aisle != aisle else None
    runs_along = bool(strides) and None not in (ahead, side) and ((side or 0) - (ahead or 0)) % 2 == 1
    parts = [_stride(before, stride, cell_cm) for before, stride in pairwise([Stride(facing, 0, 0), *strides])]
    if runs_along and new is not None and not at_end:
        parts[-1] = _into_aisle(parts[-1], new)
        new = None
    walk = ", ".join(parts) or ("cross the aisle" if len(polyline) > 1 else "")
    text = (
        _to_till(walk)
        if goal.shelf is None
        else f"{walk or 'stay where you are'}; {_arrival(goal, side, ahead, new, at_end)}"
    )
    return f"{text[0].upper()}{text[1:]}."


def _stride(before: Stride, stride: Stride, cell_cm: int) -> str:
    if stride.ahead is None:
        return f"take the stairs or lift to floor {stride.floor}"
    length = _length(stride.steps, cell_cm)
    if before.ahead is None:
        return f"head {_ON_THE_MAP[stride.ahead]} on the map for {length}"
    if before.ahead == stride.ahead:
        return f"go straight on for {length}"
    return f"{_TURNS[(stride.ahead - before.ahead) % 4]} and walk {length}"


def _into_aisle(part: str, aisle: int) -> str:
    """The last stride of a way, which runs along an aisle one was not in before."""
    if part.startswith(("turn right", "turn left")):
        return part.replace(" and walk", f" into aisle {aisle} and walk")
    return f"{part} along aisle {aisle}"


def _to_till(walk: str) -> str:
    return f"{walk} to the till" if walk else "you are at the till"


def _arrival(goal: Goal, side: int | None, ahead: int | None, aisle: int | None, at_end: bool) -> str:
    level = goal.sign.shelf
    told = [
        f"{goal.name} is {_side(side, ahead)}",
        *([] if aisle is None else [f"{'at the end of' if at_end else 'in'} aisle {aisle}"]),
        *([] if level is None else [f"shelf {level}"]),
    ]
    return ", ".join(told)


def _side(side: int | None, ahead: int | None) -> str:
    """Where a shelf is for somebody who stands beside it and faces so."""
    if side is None:
        return "right here"
    return "beside you" if ahead is None else _SIDES[(side - ahead) % 4]


def _length(steps: int, cell_cm: int) -> str:
    length = metres(steps, cell_cm)
    return f"{round(length) if length >= _WHOLE_METRES else length:g} m"


def metres(steps: int, cell_cm: int) -> float:
    """The length of steps of one cell, in metres."""
    return steps * cell_cm / 100
