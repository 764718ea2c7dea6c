"""What is wrong with a plan before it is published, in words for whoever draws it. Rows and columns count from 1."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.store_map import layout as limits
from app.domain.store_map.layout import ENTRANCE, SIGNS, STAIRS, TILL, Cell, Layout, Stair

MOST_FAULTS = 200
"""Told at once."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong and where; a plan with one that does not block may be published."""

    text: str
    cell: Cell | None = None
    product_id: int | None = None
    blocks: bool = True


def place(cell: Cell) -> str:
    """A cell in words."""
    return f"floor {cell[0]}, row {cell[2] + 1}, column {cell[1] + 1}"


def drawing_faults(layout: Layout) -> list[Fault]:
    """What can be seen in the drawing alone: sizes, signs, doors and stairs. At most MOST_FAULTS."""
    faults = [*_size_faults(layout), *_sign_faults(layout)]
    if not any(fault.blocks for fault in faults):
        faults += [*_door_faults(layout), *_stair_faults(layout)]
    return faults[:MOST_FAULTS]


def _size_faults(layout: Layout) -> Iterator[Fault]:
    if not limits.SMALLEST_CELL_CM <= layout.cell_cm <= limits.LARGEST_CELL_CM:
        yield Fault(
            f"A cell is from {limits.SMALLEST_CELL_CM} to {limits.LARGEST_CELL_CM} cm long, not {layout.cell_cm}."
        )
    if not 1 <= len(layout.floors) <= limits.MOST_FLOORS:
        yield Fault(f"A plan has 1 to {limits.MOST_FLOORS} floors, not {len(layout.floors)}.")
    for floor, rows in sorted(layout.floors.items()):
        yield from _floor_faults(floor, rows)
    if sum(len(row) for rows in layout.floors.values() for row in rows) > limits.MOST_CELLS:
        yield Fault(f"All floors together have more than {limits.MOST_CELLS:,} cells; draw with larger cells.")


def _floor_faults(floor: int, rows: tuple[str, ...]) -> Iterator[Fault]:
    if not limits.LOWEST_FLOOR <= floor <= limits.HIGHEST_FLOOR:
        yield Fault(f"Floor {floor}: floors go from {limits.LOWEST_FLOOR} to {limits.HIGHEST_FLOOR}.")
    if not rows or not rows[0]:
        yield Fault(f"Floor {floor} is empty.")
        return
    if max(len(rows), len(rows[0])) > limits.LONGEST_SIDE:
        yield Fault(f"Floor {floor} is longer or wider than {limits.LONGEST_SIDE} cells.")
    for y, row in enumerate(rows):
        if len(row) != len(rows[0]):
            yield Fault(
                f"Floor {floor}, row {y + 1} has {len(row)} cells, but row 1 has {len(rows[0])}.", (floor, 0, y)
            )


def _sign_faults(layout: Layout) -> Iterator[Fault]:
    """One for every unknown sign in a row."""
    for floor, rows in sorted(layout.floors.items()):
        for y, row in enumerate(rows):
            for sign, count in Counter(row).items():
                if sign not in SIGNS:
                    cell = (floor, row.index(sign), y)
                    more = f" ({count} times in this row)" if count > 1 else ""
                    yield Fault(
                        f"{place(cell).capitalize()}: the sign {sign!r} means nothing{more}. Known: {SIGNS}", cell
                    )


def _door_faults(layout: Layout) -> Iterator[Fault]:
    if not layout.cells(ENTRANCE):
        yield Fault(f"There is no entrance: mark one with {ENTRANCE}.")
    if not layout.cells(TILL):
        yield Fault(f"There is no till: mark one with {TILL}.")


def _stair_faults(layout: Layout) -> Iterator[Fault]:
    if len(layout.stairs) > limits.MOST_STAIRS:
        yield Fault(f"There are more than {limits.MOST_STAIRS} stairs.")
    for number, stair in enumerate(layout.stairs, 1):
        yield from _faults_of_stair(layout, number, stair)
    used = {cell for stair in layout.stairs for cell in (stair.one, stair.other)}
    for cell in layout.cells(STAIRS):
        if cell not in used:
            yield Fault(f"{place(cell).capitalize()}: these stairs lead nowhere.", cell, blocks=False)


def _faults_of_stair(layout: Layout, number: int, stair: Stair) -> Iterator[Fault]:
    for cell in (stair.one, stair.other):
        if cell[0] not in layout.floors:
            yield Fault(f"Stairs number {number}: there is no floor {cell[0]}.", cell)
        elif layout.sign(cell) is None:
            yield Fault(f"Stairs number {number}: {place(cell)} lies outside the plan.", cell)
        elif layout.sign(cell) != STAIRS:
            yield Fault(f"Stairs number {number}: {place(cell)} is not marked with {STAIRS}.", cell)
    if stair.one[0] == stair.other[0]:
        yield Fault(f"Stairs number {number} stay on floor {stair.one[0]}; they lead to another one.", stair.one)
    if not 1 <= stair.cost <= limits.DEAREST_STAIR:
        yield Fault(
            f"Stairs number {number}: the cost is 1 to {limits.DEAREST_STAIR} steps, not {stair.cost}.", stair.one
        )
