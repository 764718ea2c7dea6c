"""A vendor's file of items: its kind told by its name, its rows checked by the rules of a new item."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import PurePath
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from app.domain.csv_records import BadRecord, Record, records
from app.domain.item_rows import FileRow, MissingColumns, RowFault, UnreadableFile, rows_of, without_guard
from app.errors import BadRequest
from app.schemas.shop_items import NewItem

LARGEST_FILE = 5 * 1024 * 1024


class UnsupportedFileType(BadRequest):
    code = "UNSUPPORTED_FILE_TYPE"
    message = "Unsupported file type"


class FileReadError(BadRequest):
    code = "FILE_READ_ERROR"
    message = "File read error: it is not an Excel file, or it is damaged"


class ColumnsMissing(BadRequest):
    code = "MISSING_COLUMNS"
    message = "Missing columns: title, price"


@dataclass(slots=True)
class ItemFile:
    """The good rows as {row, item} with the fields that are given, and the bad ones as {row, message}."""

    good: list[dict[str, Any]] = field(default_factory=list)
    bad: list[dict[str, Any]] = field(default_factory=list)


def read(file_name: str, content: bytes) -> ItemFile:
    """Read and check every row. Raises UnsupportedFileType, FileReadError or ColumnsMissing."""
    reader = _READERS.get(PurePath(file_name).suffix.lower())
    if reader is None:
        raise UnsupportedFileType
    try:
        rows = rows_of(reader(content))
    except UnreadableFile as error:
        raise FileReadError(f"File read error: {error}") from None
    except MissingColumns as error:
        raise ColumnsMissing(f"Missing columns: {error}") from None
    return _checked(rows)


def _checked(rows: list[FileRow | RowFault]) -> ItemFile:
    """Of two rows with one SKU the later is bad."""
    file = ItemFile()
    first_with: dict[str, int] = {}
    for row in rows:
        item = _item(row)
        if isinstance(item, RowFault):
            file.bad.append({"row": row.number, "message": item.reason})
        elif (sku := item.get("sku")) and (first := first_with.setdefault(sku, row.number)) != row.number:
            file.bad.append({"row": row.number, "message": f"sku: row {first} has it too; this row was left out"})
        else:
            file.good.append({"row": row.number, "item": item})
    return file


def _item(row: FileRow | RowFault) -> dict[str, Any] | RowFault:
    if isinstance(row, RowFault):
        return row
    try:
        return NewItem.model_validate(row.cells).model_dump(mode="json", exclude_none=True)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return RowFault(row.number, "; ".join(_told(fault["loc"], fault["msg"]) for fault in found))


def _told(place: tuple[int | str, ...], message: str) -> str:
    text = message.removeprefix("Value error, ")
    return f"{place[0]}: {text}" if place else text


def _csv_records(content: bytes) -> Iterator[Record]:
    """UTF-8, or what Excel of western countries writes when it is not asked for UTF-8."""
    if b"\x00" in content:
        raise UnreadableFile("it is not text; save it as 'CSV UTF-8'")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    for number, cells in records(text):
        yield number, cells if isinstance(cells, BadRecord) else [without_guard(cell) for cell in cells]


def _xls_records(content: bytes) -> Iterator[Record]:
    records: Iterator[Record] = _excel().xls_records(content)
    return records


def _xlsx_records(content: bytes) -> Iterator[Record]:
    records: Iterator[Record] = _excel().xlsx_records(content)
    return records


def _excel() -> ModuleType:
    """Loaded with the first Excel file: its libraries take 13 MiB and a tenth of the time of a start."""
    return import_module("app.services.shop_items.excel")


_READERS: dict[str, Callable[[bytes], Iterator[Record]]] = {
    ".csv": _csv_records,
    ".xls": _xls_records,
    ".xlsx": _xlsx_records,
}
