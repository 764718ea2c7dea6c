"""The two ends of a period in a query, each a date of the shop's calendar or an instant: one rule for every list."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, TypeAdapter, WithJsonSchema

from app.config import settings
from app.domain.slots import starts_at
from app.schemas.pagination import BLANK, NONE_IF_BLANK

_DATE, _INSTANT = TypeAdapter(date), TypeAdapter(datetime)
_YEARS = range(1970, 2201)
_LIKE_A_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_LENGTH_OF_DATE = len("2026-01-31")
_WAYS = [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]
_NEXT = timedelta(microseconds=1)  # the smallest step of the database's clock


def _first_moment(value: Any) -> datetime:
    """A date begins at midnight in the shop's time zone; an instant is itself the first."""
    found = _read(value)
    return found if isinstance(found, datetime) else _midnight(found)


def _moment_after(value: Any) -> datetime:
    """A date lasts until the next midnight; an instant still counts."""
    found = _read(value)
    return found + _NEXT if isinstance(found, datetime) else _midnight(found + timedelta(days=1))


def _read(value: Any) -> date:
    """A date, or an instant in the offset given or else in the shop's time zone."""
    text = str(value).strip()
    try:
        if not _LIKE_A_DATE.match(text):  # a number would be read as seconds since 1970
            raise ValueError
        is_date = len(text) == _LENGTH_OF_DATE
        found = _DATE.validate_python(text) if is_date else _INSTANT.validate_python(_mended(text))
    except ValueError:
        raise ValueError("must be a date like 2026-01-31 or an instant like 2026-01-31T08:00:00Z") from None
    if found.year not in _YEARS:
        raise ValueError("must be in the years 1970 to 2200")
    return found.replace(tzinfo=settings().zone) if isinstance(found, datetime) and not found.tzinfo else found


def _mended(text: str) -> str:
    """The `+` of an offset stands for a space in a query, unless the client escaped it."""
    at = _LENGTH_OF_DATE + 1
    return text[:at] + text[at:].replace(" ", "+")


def _midnight(day: date) -> datetime:
    return starts_at(day, datetime.min.time(), settings().zone)


Since = Annotated[datetime, BeforeValidator(_first_moment), WithJsonSchema({"anyOf": _WAYS})]
"""The first moment of a period."""

Until = Annotated[datetime, BeforeValidator(_moment_after), WithJsonSchema({"anyOf": _WAYS})]
"""The first moment after a period: a date counts to its end, and an instant counts as well."""

OptionalSince = Annotated[Since | None, NONE_IF_BLANK, WithJsonSchema({"anyOf": [*_WAYS, BLANK]})]
OptionalUntil = Annotated[Until | None, NONE_IF_BLANK, WithJsonSchema({"anyOf": [*_WAYS, BLANK]})]
