"""Splitting CSV text into records, so that a bad one loses no other. No I/O."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_RECORD = 60
"""Lines of one record; a quote that never closes would otherwise swallow the rest of the file."""


@dataclass(frozen=True, slots=True)
class BadRecord:
    """Why a record cannot be read."""

    reason: str


Record = tuple[int, list[str] | BadRecord]
"""The number of a record's first line, the first of the file being 1, and its cells."""


def delimiter_of(header: str) -> str:
    """Comma, or semicolon or tab where the header has more of them: spreadsheets of many countries write those."""
    return max(",;\t", key=header.count)


def records(text: str) -> Iterator[Record]:
    """The records of a text that are not empty; a quoted cell may have line breaks.

    Of a record that cannot be read only the first line is left out: reading goes on with the second.
    """
    lines = [f"{line}\n" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    delimiter = delimiter_of(lines[0])
    place = 0
    while place < len(lines):
        if not lines[place].strip():
            place += 1
            continue
        length, cells = _record(lines[place : place + LONGEST_RECORD], delimiter)
        yield place + 1, cells
        place += length


def _record(lines: list[str], delimiter: str) -> tuple[int, list[str] | BadRecord]:
    """How many of the lines the first record takes, and its cells."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        cells = next(reader)
        return reader.line_num, cells
    except csv.Error:
        return 1, BadRecord("the row is not CSV; perhaps a quote is opened and not closed")
