"""The rows of a file of items: header, cells by column, and rows that cannot be read. No I/O."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.domain.csv_records import BadRecord, Record
from app.domain.csv_text import FORMULA_STARTS

REQUIRED = ("title", "price")
MOST_ROWS = 10_000
MOST_COLUMNS = 100
LONGEST_CELL = 4_000


class UnreadableFile(ValueError):
    """The file cannot be read; the text says why, in words a vendor understands."""


class MissingColumns(ValueError):
    """The first row lacks columns that an item needs."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(", ".join(names))


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row by its number in the file, with the cells that are not empty under the names of their columns."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RowFault:
    """A row that cannot be taken, and why."""

    number: int
    reason: str


def rows_of(records: Iterator[Record]) -> list[FileRow | RowFault]:
    """What the records say; the first is the header, whose names are read in any case and with spaces for `_`.

    Raises MissingColumns, and UnreadableFile for a column named twice or more than 10,000 rows.
    """
    columns = _columns(next(records, (1, []))[1])
    rows: list[FileRow | RowFault] = []
    for number, cells in records:
        row = _row(number, cells, columns)
        if isinstance(row, FileRow) and not row.cells:
            continue
        if len(rows) == MOST_ROWS:
            raise UnreadableFile(f"it has more than {MOST_ROWS} rows; send it in parts")
        rows.append(row)
    return rows


def without_guard(cell: str) -> str:
    """A cell of a CSV file of ours as it was before its formula was made harmless (domain.csv_text)."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS) else cell


def _columns(header: list[str] | BadRecord) -> list[str]:
    if isinstance(header, BadRecord):
        raise UnreadableFile(header.reason)
    names = ["_".join(name.lower().split()) for name in header]
    named = [name for name in names if name]
    if missing := [name for name in REQUIRED if name not in named]:
        raise MissingColumns(missing)
    if len(named) > MOST_COLUMNS:
        raise UnreadableFile(f"it has more than {MOST_COLUMNS} columns")
    if len(set(named)) < len(named):
        raise UnreadableFile("a column is named twice")
    return names


def _row(number: int, cells: list[str] | BadRecord, columns: list[str]) -> FileRow | RowFault:
    if isinstance(cells, BadRecord):
        return RowFault(number, cells.reason)
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        return RowFault(number, "the row has more cells than the header")
    if any(len(cell) > LONGEST_CELL for cell in cells):
        return RowFault(number, f"a cell has more than {LONGEST_CELL} characters")
    named = zip(columns, cells, strict=False)
    return FileRow(number, {name: text for name, cell in named if name and (text := cell.strip())})
