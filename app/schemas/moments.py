"""The two ends of a period in a query, each a date of the shop's calendar or an instant."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, TypeAdapter, WithJsonSchema

from app.config import settings
from app.domain.slots import starts_at

_DATE, _INSTANT = TypeAdapter(date), TypeAdapter(datetime)
_YEARS = range(1970, 2201)
_LIKE_A_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SHOWN = WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]})


def _first_moment(value: Any) -> datetime:
    """A date begins at midnight in the shop's time zone; a time without an offset is read in that zone."""
    return _read(value, days_later=0)


def _moment_after(value: Any) -> datetime:
    """A date lasts until the next midnight; an instant is itself the end."""
    return _read(value, days_later=1)


def _read(value: Any, *, days_later: int) -> datetime:
    text = str(value).strip()
    try:
        if not _LIKE_A_DATE.match(text):  # a number would be read as seconds since 1970
            raise ValueError
        is_date = len(text) == len("2026-01-31")
        found = _DATE.validate_python(text) if is_date else _INSTANT.validate_python(text)
    except ValueError:
        raise ValueError("must be a date like 2026-01-31 or an instant like 2026-01-31T08:00:00Z") from None
    if found.year not in _YEARS:
        raise ValueError("must be in the years 1970 to 2200")
    if isinstance(found, datetime):
        return found if found.tzinfo else found.replace(tzinfo=settings().zone)
    midnight = datetime.min.time()
    return starts_at(found + timedelta(days=days_later), midnight, settings().zone)


Since = Annotated[datetime, BeforeValidator(_first_moment), _SHOWN]
"""The first moment of a period."""

Until = Annotated[datetime, BeforeValidator(_moment_after), _SHOWN]
"""The moment a period is over; a date counts to its end."""
