"""Log lines as JSON in which no secret and no value of a customer stands, tracebacks included."""

import logging
import re
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
from flask import g, has_request_context
from pydantic import ValidationError
from pythonjsonlogger.json import JsonFormatter
from sqlalchemy.exc import DBAPIError

from app import working

LINE = "%(asctime)s %(levelname)s %(name)s %(message)s"
NAMES = {"asctime": "time", "levelname": "level"}
"""The fields of a line as the marketplace contract names them, section 17."""
MASK = "[REDACTED]"
MASKED_TEXT = re.compile(
    r"(Bearer\s+[\w.~+/-]+=*"  # tokens in a header
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]+"  # bare JWTs
    r"|dvc_[0-9a-f]{8}_[\w-]+"  # tokens of devices
    r"|\b\d(?:[ -]?\d){12,}\b"  # card numbers, in groups too, and codes for a till, also mistyped
    r"|\+\d(?:[ -]?\d){7,14}\b"  # phone numbers with their country code
    r"|[\w.+-]+@[\w-]+\.[\w.-]+)"  # e-mail addresses
)
_SUSPECT = re.compile(r"@|Bearer\s|eyJ|dvc_|\+\d(?:[ -]?\d){7}|\d(?:[ -]?\d){12}")
"""What any of these has in it: most texts have none of it, and this is sooner seen."""


class DiscreetFormatter(JsonFormatter):
    """JSON with tracebacks that tell where and what kind, but quote neither SQL nor values."""

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Say what the line belongs to, and blank secrets in every text of it, whoever logged it."""
        line = {**_request(), **log_data}
        masked = {name: _masked(value) if isinstance(value, str) else value for name, value in line.items()}
        return {**working.told(), **masked}

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 (logging's name)
        """UTC, to the millisecond, after ISO 8601: lines of servers in several zones sort."""
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")

    def formatException(self, ei: Any) -> str:  # noqa: N802 (the name logging calls)
        """The traceback of an exception and of what caused it, the cause first."""
        return "".join(_told(ei[1]))


def _masked(text: str) -> str:
    return MASKED_TEXT.sub(MASK, text) if _SUSPECT.search(text) else text


def _request() -> dict[str, str]:
    """The id of the running request, where a line is written in one."""
    return {"request_id": g.request_id} if has_request_context() and "request_id" in g else {}


def _told(error: BaseException | None) -> Iterator[str]:
    if error is None:
        return
    yield from _told(error.__cause__ or (None if error.__suppress_context__ else error.__context__))
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__qualname__}: {_reason(error)}\n"


def _reason(error: BaseException) -> str:
    """What an exception says, except where it is known to quote values: PostgreSQL's DETAIL, Pydantic's input."""
    if isinstance(error, DBAPIError):
        return f"SQLSTATE {getattr(error.orig, 'sqlstate', None)}"
    if isinstance(error, psycopg.Error):
        return f"SQLSTATE {error.sqlstate}"
    if isinstance(error, ValidationError):
        return f"{error.error_count()} faults in {error.title}"
    return str(error)
