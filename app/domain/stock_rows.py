"""Reading a bulk file of stock: CSV in UTF-8, divided by commas or semicolons, one product of one branch a row."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.stock import MOST_PIECES

REQUIRED = ("product_id", "branch_id", "available_quantity")
OPTIONAL = ("reserved_quantity", "reorder_point")
MOST_ROWS = 50_000
_LARGEST_ID = 2**63 - 1
_SHOWN_CELL = 100
_WHOLE_NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)


class UnreadableFile(ValueError):
    """The file as a whole cannot be taken; the text says why. Nothing of it is written."""


class RowRefused(ValueError):
    """One row cannot be taken; the text says why."""


@dataclass(frozen=True, slots=True)
class StockRow:
    """One row of the file; None: the cell is empty or its column absent, and what the shop has is kept."""

    row_number: int
    product_id: int
    branch_id: int
    available_quantity: int
    reserved_quantity: int | None
    reorder_point: int | None


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row as it was written, and why it is not taken."""

    row_number: int
    cells: dict[str, str]
    error: str

    def readable_id(self, column: str) -> int | None:
        """The id in a column, or None where there is none."""
        cell = self.cells.get(column, "")
        return int(cell) if _WHOLE_NUMBER.fullmatch(cell) and 1 <= int(cell) <= _LARGEST_ID else None


def read_rows(content: bytes) -> list[StockRow | RefusedRow]:
    """The rows of a file in their order. The header is row 1; empty lines count, but are left out.

    Of two rows for one product and branch the later is refused. Raises UnreadableFile for a file that is not UTF-8, has
    a wrong header or more than 50,000 rows.
    """
    lines = _lines(content)
    columns, delimiter = _header(next(lines, (1, ""))[1])
    rows: list[StockRow | RefusedRow] = []
    first_seen: dict[tuple[int, int], int] = {}
    for number, line in lines:
        if not line.strip():
            continue
        if len(rows) == MOST_ROWS:
            raise UnreadableFile(f"The file has more than {MOST_ROWS} rows. Send it in parts.")
        rows.append(_row(number, line, columns, delimiter, first_seen))
    return rows


def _lines(content: bytes) -> Iterator[tuple[int, str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableFile("The file is not UTF-8. Save it as 'CSV UTF-8'.") from None
    return enumerate(io.StringIO(text, newline=None), start=1)


def _header(line: str) -> tuple[list[str], str]:
    delimiter = ";" if line.count(";") > line.count(",") else ","
    columns = [name.strip().lower() for name in line.rstrip("\n").replace('"', "").split(delimiter)]
    unknown = [name for name in columns if name not in REQUIRED + OPTIONAL]
    if any(name not in columns for name in REQUIRED) or unknown or len(set(columns)) < len(columns):
        optional = ", ".join(OPTIONAL)
        raise UnreadableFile(f"The first row must name the columns {', '.join(REQUIRED)} and, if wanted, {optional}.")
    return columns, delimiter


def _row(
    number: int, line: str, columns: list[str], delimiter: str, first_seen: dict[tuple[int, int], int]
) -> StockRow | RefusedRow:
    """Each line is read by itself, so that an unclosed quote spoils no other."""
    cells: list[str] = []
    try:
        cells = [cell.strip() for cell in next(csv.reader([line.rstrip("\n")], delimiter=delimiter, strict=True))]
        row = _stock_row(number, _named(columns, cells))
        first = first_seen.setdefault((row.branch_id, row.product_id), number)
        if first != number:
            raise RowRefused(f"Row {first} is for the same product and branch; this one was left out.")
    except csv.Error as error:
        return RefusedRow(number, _shown(columns, [line.strip()]), f"The row is not CSV: {error}.")
    except RowRefused as error:
        return RefusedRow(number, _shown(columns, cells), str(error))
    return row


def _named(columns: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(columns):
        raise RowRefused(f"The row has {len(cells)} cells; the header has {len(columns)}.")
    return dict(zip(columns, cells, strict=True))


def _shown(columns: list[str], cells: list[str]) -> dict[str, str]:
    return {name: cell[:_SHOWN_CELL] for name, cell in zip(columns, cells, strict=False)}


def _stock_row(number: int, cells: dict[str, str]) -> StockRow:
    return StockRow(
        row_number=number,
        product_id=_number(cells, "product_id", 1, _LARGEST_ID),
        branch_id=_number(cells, "branch_id", 1, _LARGEST_ID),
        available_quantity=_number(cells, "available_quantity", 0, MOST_PIECES),
        reserved_quantity=_optional_number(cells, "reserved_quantity"),
        reorder_point=_optional_number(cells, "reorder_point"),
    )


def _optional_number(cells: dict[str, str], name: str) -> int | None:
    return _number(cells, name, 0, MOST_PIECES) if cells.get(name) else None


def _number(cells: dict[str, str], name: str, least: int, most: int) -> int:
    cell = cells[name]
    if not _WHOLE_NUMBER.fullmatch(cell) or not least <= int(cell) <= most:
        raise RowRefused(f"{name} must be a whole number from {least} to {most}.")
    return int(cell)
