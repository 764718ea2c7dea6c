"""Reading a catalog file line by line: CSV or the Open Food Facts export, gzipped or not, never whole in memory."""

import csv
import gzip
import os
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.domain.import_rows import ImportRow, RowFault, is_known_column, read_row
from app.domain.open_food_facts import read_open_food_facts_row

LONGEST_LINE = 1 << 20
LONGEST_RECORD = 100  # lines; a quote that never closes would otherwise swallow the rest of the file
_GZIP = b"\x1f\x8b"
_DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error, OSError)


class UnusableFile(Exception):
    """The file cannot be imported at all; the text says why."""


class DamagedFile(Exception):
    """The file broke off while being read; rows before the damage are good."""


@dataclass(frozen=True, slots=True)
class NumberedRow:
    """One record of the file: its first line (the header is line 1), its barcode as written, and what it says."""

    line: int
    code: str
    content: ImportRow | RowFault


@dataclass(frozen=True, slots=True)
class Shape:
    """How the file is written: told by its header."""

    columns: tuple[str, ...]
    delimiter: str

    @property
    def is_open_food_facts(self) -> bool:
        return "product_name" in self.columns

    @property
    def ignored(self) -> list[str]:
        """Columns of a CSV of ours that mean nothing to the import."""
        return [] if self.is_open_food_facts else [name for name in self.columns if not is_known_column(name)]


class CatalogFile:
    """An open catalog file. Raises UnusableFile when made, DamagedFile while rows are read."""

    def __init__(self, path: Path) -> None:
        self._raw, self._lines = _open(path)
        self.size = os.fstat(self._raw.fileno()).st_size
        try:
            self.shape = _shape(self._lines)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._lines.close()
        self._raw.close()

    def bytes_read(self) -> int:
        """How far reading has come in the file as stored, for a progress bar."""
        return self._raw.tell()

    def rows(self) -> Iterator[NumberedRow]:
        """Every record after the header, bad ones included."""
        read = read_open_food_facts_row if self.shape.is_open_food_facts else read_row
        for line, cells in _records(self._lines, self.shape):
            yield _numbered(line, cells, self.shape.columns, read)


def _numbered(
    line: int, cells: list[str] | RowFault, columns: tuple[str, ...], read: Callable[[dict[str, str]], ImportRow]
) -> NumberedRow:
    if isinstance(cells, RowFault):
        return NumberedRow(line, "", cells)
    named = dict(zip(columns, cells, strict=False))
    code = named.get("gtin") or named.get("code") or ""
    if len(cells) != len(columns):
        return NumberedRow(line, code, RowFault("more or fewer columns than the header"))
    try:
        return NumberedRow(line, code, read(named))
    except RowFault as fault:
        return NumberedRow(line, code, fault)


def _open(path: Path) -> tuple[IO[bytes], IO[bytes]]:
    """(the file as stored, its lines unpacked)."""
    try:
        raw = path.open("rb")
    except FileNotFoundError:
        raise UnusableFile("there is no such file") from None
    except IsADirectoryError:
        raise UnusableFile("this is a folder, not a file") from None
    except OSError as error:
        raise UnusableFile(f"it cannot be read: {error.strerror}") from None
    packed = raw.read(2) == _GZIP
    raw.seek(0)
    if packed:
        return raw, gzip.GzipFile(fileobj=raw)  # type: ignore[return-value]
    if path.suffix == ".gz":
        raw.close()
        raise UnusableFile("the name ends in .gz but it is not a gzip file")
    return raw, raw


def _shape(lines: IO[bytes]) -> Shape:
    try:
        first = lines.readline(LONGEST_LINE)
    except _DAMAGE:
        raise UnusableFile("the file is damaged: its first line cannot be unpacked") from None
    if not first.strip():
        raise UnusableFile("the file is empty" if not first else "the first line is empty; it must name the columns")
    try:
        header = first.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise UnusableFile("the file is not UTF-8 text") from None
    if "\x00" in header:
        raise UnusableFile("the file is not UTF-8 text")
    delimiter = max("\t,;", key=header.count)
    columns = tuple(name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter)))
    _check_columns(columns)
    return Shape(columns, delimiter)


def _check_columns(columns: tuple[str, ...]) -> None:
    if not {"gtin", "code"} & set(columns) or not {"name", "product_name"} & set(columns):
        raise UnusableFile("the first line must name the columns gtin (or code) and name (or product_name)")
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise UnusableFile(f"the first line names a column twice: {', '.join(twice)}")


def _records(lines: IO[bytes], shape: Shape) -> Iterator[tuple[int, list[str] | RowFault]]:
    """(first line number, cells) of each record; blank lines are passed over."""
    numbered = _PushBack(_text_lines(lines))
    for line, text in numbered:
        if isinstance(text, RowFault):
            yield line, text
        elif '"' not in text:
            if text.strip():
                yield line, text.split(shape.delimiter)
        elif shape.is_open_food_facts:
            yield line, _one_line(text, shape)
        else:
            yield line, _quoted(text, shape, numbered)


def _one_line(text: str, shape: Shape) -> list[str]:
    """The export never breaks a line inside a cell; a cell may hold a stray quote, which then is just a character."""
    cells = _cells(text, shape)
    return cells if len(cells) == len(shape.columns) else text.split(shape.delimiter)


def _cells(record: str, shape: Shape) -> list[str]:
    """The cells of one record, unquoted; none when it cannot be read as CSV."""
    try:
        return next(csv.reader([record], delimiter=shape.delimiter))
    except csv.Error:
        return []


def _quoted(text: str, shape: Shape, following: "_PushBack") -> list[str] | RowFault:
    """The cells of a record that may run over several lines; one that never closes costs its first line only."""
    taken: list[tuple[int, str | RowFault]] = []
    record, quotes = [text], text.count('"')
    while quotes % 2 and len(taken) < LONGEST_RECORD:
        after = next(following, None)
        if after is None:
            break
        taken.append(after)
        if isinstance(after[1], RowFault):
            break
        record.append(after[1])
        quotes += after[1].count('"')
    if quotes % 2 == 0:
        cells = _cells("\n".join(record), shape)
        if len(cells) == len(shape.columns) or not taken:
            return cells
    following.push_back(taken)
    return RowFault("a quote is opened and not closed")


def _text_lines(lines: IO[bytes]) -> Iterator[tuple[int, str | RowFault]]:
    """(line number, text without its line end); lines that are not UTF-8 or too long are faults."""
    number = 1
    while raw := _read_line(lines, number):
        number += 1
        if len(raw) > LONGEST_LINE:
            while raw and not raw.endswith(b"\n"):
                raw = _read_line(lines, number)
            yield number, RowFault("the line is longer than 1 MiB")
            continue
        try:
            yield number, raw.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            yield number, RowFault("the line is not UTF-8 text")


def _read_line(lines: IO[bytes], number: int) -> bytes:
    try:
        return lines.readline(LONGEST_LINE + 1)
    except _DAMAGE:
        raise DamagedFile(f"the file is damaged after line {number}") from None


class _PushBack:
    """An iterator that takes items back."""

    def __init__(self, source: Iterator[tuple[int, str | RowFault]]) -> None:
        self._source = source
        self._waiting: deque[tuple[int, str | RowFault]] = deque()

    def __iter__(self) -> "_PushBack":
        return self

    def __next__(self) -> tuple[int, str | RowFault]:
        return self._waiting.popleft() if self._waiting else next(self._source)

    def push_back(self, items: list[tuple[int, str | RowFault]]) -> None:
        self._waiting.extendleft(reversed(items))
