"""Files as vendors send them: CSV, .xlsx and .xls, and the multipart body around them."""

import io
import struct
from collections.abc import Sequence
from typing import Any

import openpyxl
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

UPLOAD = "/api/v1/vendor/item/bulk-upload"
Rows = Sequence[Sequence[Any]]


def send(
    client: FlaskClient, headers: dict[str, str], content: bytes | str, name: str = "items.csv", field: str = "file"
) -> TestResponse:
    """Encoded here, as the test client would leave the temporary file of a large body unclosed."""
    raw = content.encode() if isinstance(content, str) else content
    head = f'--edge\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    body = head.encode() + raw + b"\r\n--edge--\r\n"
    return client.post(UPLOAD, data=body, content_type="multipart/form-data; boundary=edge", headers=headers)


def xlsx(rows: Rows) -> bytes:
    """An .xlsx file with one sheet."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def xls(rows: Rows) -> bytes:
    """An .xls file of the oldest kind (BIFF2): texts and numbers in one sheet."""
    made = _record(0x0009, struct.pack("<HH", 2, 0x10))
    made += _record(0x0000, struct.pack("<HHHH", 0, len(rows), 0, max(len(row) for row in rows)))
    for place, row in enumerate(rows):
        for column, value in enumerate(row):
            at = struct.pack("<HH3x", place, column)
            if isinstance(value, str):
                text = value.encode("cp1252")
                made += _record(0x0004, at + struct.pack("<B", len(text)) + text)
            elif value is not None:
                made += _record(0x0003, at + struct.pack("<d", value))
    return made + _record(0x000A, b"")


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content
