"""Reading the first sheet of an Excel file within bounds: a small file can unpack to a very large one.

Numbers come as text with the fifteen digits that Excel shows, dates as ISO 8601, formulas as their last value.
"""

import io
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import date, datetime, time
from typing import Any
from xml.parsers import expat

import openpyxl
import xlrd

from app.domain.csv_records import Record
from app.domain.item_rows import MOST_COLUMNS, UnreadableFile

LARGEST_UNPACKED = 24_000_000
"""Bytes of an .xlsx file once unpacked: some two times what 10,000 rows of full cells take."""

MOST_ELEMENTS = 1_000_000
"""Of all parts together; a cell is made of two or three."""

MOST_ELEMENTS_ELSEWHERE = 30_000
"""Of styles and the like, and of one row."""

MOST_PARTS = 500
MOST_LINES = 50_000
"""Rows looked at, empty ones included."""

_NOT_EXCEL = "it is not an Excel file, or it is damaged"
_TOO_LARGE = "it is too large once unpacked"
_PARTS_WITH_CELLS = ("sharedStrings", "worksheets/")


def xlsx_records(content: bytes) -> Iterator[Record]:
    """The rows of the first sheet of an .xlsx file. Raises UnreadableFile."""
    _check_package(content)
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        with closing(book):
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # the file may lie about its size
            for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1, values_only=True), 1):
                yield number, _within_bounds(number, [_text(value) for value in row])
    except UnreadableFile:
        raise
    except Exception:  # noqa: BLE001 (the library raises whatever a broken file makes it stumble over)
        raise UnreadableFile(_NOT_EXCEL) from None


def xls_records(content: bytes) -> Iterator[Record]:
    """The rows of the first sheet of an .xls file. Raises UnreadableFile."""
    try:
        with xlrd.open_workbook(file_contents=content, on_demand=True, ragged_rows=True, logfile=io.StringIO()) as book:
            sheet = book.sheet_by_index(0)
            for place in range(sheet.nrows):
                cells = [_xls_text(cell, book.datemode) for cell in sheet.row(place)[: MOST_COLUMNS + 1]]
                yield place + 1, _within_bounds(place + 1, cells)
    except UnreadableFile:
        raise
    except Exception:  # noqa: BLE001 (see above)
        raise UnreadableFile(_NOT_EXCEL) from None


def _within_bounds(number: int, cells: list[str]) -> list[str]:
    if number > MOST_LINES:
        raise UnreadableFile(f"it has more than {MOST_LINES} rows, empty ones included")
    return cells


def _check_package(content: bytes) -> None:
    """Refuse what unpacks to too much: kilobytes of elements without content would take the library minutes."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                raise UnreadableFile(_TOO_LARGE)
            left = MOST_ELEMENTS
            for part in parts:
                has_cells = any(name in part.filename for name in _PARTS_WITH_CELLS)
                scan = _Scan(left if has_cells else min(left, MOST_ELEMENTS_ELSEWHERE))
                left -= scan.elements_of(package.read(part))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
        raise UnreadableFile(_NOT_EXCEL) from None


class _Scan:
    """One pass over a part of a package before the library sees it; parts that are not XML are passed over."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen = 0
        self._row_began = 0

    def elements_of(self, part: bytes) -> int:
        """How many elements the part has. Raises UnreadableFile for too many, and for entities of its own."""
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._document_type
        parser.StartElementHandler = self._element
        with suppress(expat.ExpatError):
            parser.Parse(part, True)
        return self._seen

    def _element(self, name: str, _attributes: dict[str, str]) -> None:
        self._seen += 1
        if name.rpartition(":")[2] in ("row", "si"):
            self._row_began = self._seen
        if self._seen > self._most or self._seen - self._row_began > MOST_ELEMENTS_ELSEWHERE:
            raise UnreadableFile(_TOO_LARGE)

    def _document_type(self, *_: Any) -> None:
        raise UnreadableFile(_NOT_EXCEL)


def _text(value: Any) -> str:
    """A cell of .xlsx as text; an empty one is the empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _xls_text(cell: Any, datemode: int) -> str:
    if cell.ctype == xlrd.XL_CELL_DATE:
        return _text(xlrd.xldate_as_datetime(cell.value, datemode))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return _text(bool(cell.value))
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#ERROR"))
    return _text(cell.value)
