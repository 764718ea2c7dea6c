"""The plan of a branch: floors drawn as rows of characters, and the stairs between them.

Places are (floor, x, y) in cells: x is the column from the left, y the row from the top, both from 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Cell = tuple[int, int, int]
"""Floor, column, row."""


class ShelfSign(NamedTuple):
    """What stands on the sign of a shelf: the number of its aisle, and of the board from below."""

    aisle: int | None = None
    shelf: int | None = None


NO_SIGN = ShelfSign()

WALK, SHELF, CLOSED, ENTRANCE, TILL, STAIRS = ".", "#", "X", "E", "C", "S"
ONE_WAY = ">v<^"
"""Right, down, left, up: a cell is left only along its arrow and never entered against it."""
WALKABLE = WALK + ENTRANCE + TILL + STAIRS + ONE_WAY
SIGNS = WALKABLE + SHELF + CLOSED

MOST_FLOORS, LONGEST_SIDE, MOST_CELLS = 10, 1000, 250_000
LOWEST_FLOOR, HIGHEST_FLOOR = -20, 200
SMALLEST_CELL_CM, LARGEST_CELL_CM = 10, 500
MOST_STAIRS, DEAREST_STAIR = 200, 1000
DEFAULT_CELL_CM = 50


@dataclass(frozen=True, slots=True)
class Stair:
    """Stairs or a lift between two cells, both ways; `cost` is in steps of one cell."""

    one: Cell
    other: Cell
    cost: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A plan as it was drawn, possibly with faults (see `checks`); `cell_cm` is the side of a cell in centimetres."""

    cell_cm: int
    floors: Mapping[int, tuple[str, ...]]
    stairs: tuple[Stair, ...] = ()

    def sign(self, cell: Cell) -> str | None:
        """The sign drawn at a place; None outside the plan."""
        floor, x, y = cell
        rows = self.floors.get(floor, ())
        return rows[y][x] if 0 <= y < len(rows) and 0 <= x < len(rows[y]) else None

    def cells(self, signs: str) -> list[Cell]:
        """Every place with one of the signs, floor by floor and row by row."""
        return [
            (floor, x, y)
            for floor in sorted(self.floors)
            for y, row in enumerate(self.floors[floor])
            for x, sign in enumerate(row)
            if sign in signs
        ]


class UnreadableLayout(ValueError):
    """The text or document has not the form of a plan; says where and why."""


def from_document(document: Mapping[str, Any]) -> Layout:
    """The plan of a document such as `{"cell_cm":50,"floors":{"0":["E.C"]},"stairs":[[[0,1,0],[1,1,0],20]]}`.

    Raises:
        UnreadableLayout: a part is missing or has another form. What is drawn is not judged here.
    """
    floors = document.get("floors")
    if not isinstance(floors, Mapping):
        raise UnreadableLayout("The plan needs floors: a name such as 0 for each, and its rows.")
    return Layout(
        cell_cm=_whole(document.get("cell_cm", DEFAULT_CELL_CM), "cell_cm"),
        floors={_floor(name): _rows(name, rows) for name, rows in floors.items()},
        stairs=tuple(_stair(place, entry) for place, entry in enumerate(_list(document.get("stairs", ())))),
    )


def to_document(layout: Layout) -> dict[str, Any]:
    """The document `from_document` reads back into the same plan."""
    return {
        "cell_cm": layout.cell_cm,
        "floors": {str(floor): list(rows) for floor, rows in sorted(layout.floors.items())},
        "stairs": [[list(stair.one), list(stair.other), stair.cost] for stair in layout.stairs],
    }


def _floor(name: object) -> int:
    try:
        return int(str(name))
    except ValueError:
        raise UnreadableLayout(f"A floor is named by a whole number such as 0 or -1, not {str(name)[:20]!r}.") from None


def _rows(name: object, rows: object) -> tuple[str, ...]:
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not all(isinstance(row, str) for row in rows):
        raise UnreadableLayout(f"Floor {name}: the rows are a list of texts, one for each row.")
    return tuple(rows)


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise UnreadableLayout("The stairs are a list.")
    return value


def _stair(place: int, entry: object) -> Stair:
    where = f"Stairs number {place + 1}"
    match entry:
        case [[a, b, c], [d, e, f], cost]:
            one = (_whole(a, where), _whole(b, where), _whole(c, where))
            other = (_whole(d, where), _whole(e, where), _whole(f, where))
            return Stair(one, other, _whole(cost, where))
    raise UnreadableLayout(f"{where}: write [[floor, x, y], [floor, x, y], cost].")


def _whole(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnreadableLayout(f"{where}: {str(value)[:20]!r} is not a whole number.")
    return value
