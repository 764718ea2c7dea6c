"""A plan drawn in a spreadsheet and saved as CSV.

A record is a row of the plan: one sign in each cell, an empty cell being floor to walk on, or the whole row as one
text. Other records begin with a word: `cell_cm,50`; `floor,1` starts that floor (before it, it is floor 0);
`stairs,0,x,y,1,x,y,cost` joins two cells.
"""

from app.domain.csv_records import BadRecord, records
from app.domain.store_map.layout import DEFAULT_CELL_CM, WALK, Layout, Stair, UnreadableLayout

_NUMBERS_AFTER = {"cell_cm": 1, "floor": 1, "stairs": 7}


def from_csv(text: str) -> Layout:
    """The plan of a CSV text; separators may be commas, semicolons or tabs.

    Raises:
        UnreadableLayout: there is no row, a line is not CSV, a cell has several signs, or a word is not followed by its
            numbers. What is drawn is not judged here.
    """
    drawing = _Drawing()
    for line, cells in records(text.removeprefix("\ufeff")):
        if isinstance(cells, BadRecord):
            raise UnreadableLayout(f"Line {line}: {cells.reason}.")
        drawing.take(line, [cell.strip() for cell in cells])
    if not drawing.floors:
        raise UnreadableLayout("The file is empty: draw at least one row.")
    return Layout(
        drawing.cell_cm, {floor: tuple(rows) for floor, rows in drawing.floors.items()}, tuple(drawing.stairs)
    )


class _Drawing:
    """What has been read so far."""

    def __init__(self) -> None:
        self.cell_cm = DEFAULT_CELL_CM
        self.floor = 0
        self.floors: dict[int, list[str]] = {}
        self.stairs: list[Stair] = []

    def take(self, line: int, cells: list[str]) -> None:
        word = cells[0].lower()
        if word in _NUMBERS_AFTER:
            self._note(word, _numbers(line, word, cells[1:]))
        else:
            self.floors.setdefault(self.floor, []).append(_row(line, cells))

    def _note(self, word: str, numbers: list[int]) -> None:
        if word == "cell_cm":
            self.cell_cm = numbers[0]
        elif word == "floor":
            self.floor = numbers[0]
            self.floors.setdefault(self.floor, [])
        else:
            a, b, c, d, e, f, cost = numbers
            self.stairs.append(Stair((a, b, c), (d, e, f), cost))


def _row(line: int, cells: list[str]) -> str:
    if len(cells[0]) > 1 and not any(cells[1:]):
        return cells[0]
    for column, cell in enumerate(cells, 1):
        if len(cell) > 1:
            raise UnreadableLayout(f"Line {line}, column {column}: a cell has one sign, not {cell[:20]!r}.")
    return "".join(cell or WALK for cell in cells)


def _numbers(line: int, word: str, cells: list[str]) -> list[int]:
    """The whole numbers behind a word; empty cells at the end of the record do not count."""
    wanted = _NUMBERS_AFTER[word]
    try:
        numbers = [int(cell) for cell in cells[:wanted]]
    except ValueError:
        numbers = []
    if len(numbers) < wanted or any(cells[wanted:]):
        raise UnreadableLayout(f"Line {line}: {word} is followed by {wanted} whole number{'s' if wanted > 1 else ''}.")
    return numbers
