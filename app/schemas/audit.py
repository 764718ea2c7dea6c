"""The audit trail: what may be asked of it, and an event of it."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from app.schemas.envelope import Answer, Instant, Printable, Request
from app.schemas.pagination import BLANK, NONE_IF_BLANK, ClampedPage, OptionalId

_YEARS = range(1970, 9999)


def _moment(value: Any) -> Any:
    """A day (`2026-11-01`) or an instant (`2026-11-01T08:00:00+02:00`); a `+` that arrived as a space is mended."""
    if not isinstance(value, str):
        return value
    try:
        given = value.strip()
        moment = date.fromisoformat(given) if len(given) <= len("2026-11-01") else _instant(given)
    except ValueError:
        raise ValueError("must be a day such as 2026-11-01 or an instant such as 2026-11-01T08:00:00Z") from None
    if moment.year not in _YEARS:
        raise ValueError("must lie in the years 1970 to 9998")
    return moment


def _instant(given: str) -> datetime:
    return datetime.fromisoformat(given[:11] + given[11:].replace(" ", "+"))


Moment = Annotated[
    datetime | date,
    BeforeValidator(_moment),
]
OptionalMoment = Annotated[
    Moment | None,
    NONE_IF_BLANK,
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}, BLANK]}),
]
OptionalWord = Annotated[Annotated[Printable, StringConstraints(max_length=64)] | None, NONE_IF_BLANK]


class AuditFilter(Request):
    """Which events: all conditions hold together.

    A bare day in `date_from` begins at its midnight and in `date_to` counts to its end, both in SHOP_TIMEZONE; an
    instant without an offset is read in SHOP_TIMEZONE as well. An empty text is no condition.
    """

    entity_type: OptionalWord = Field(default=None, examples=["order"])
    entity_id: OptionalId = None
    action: OptionalWord = Field(default=None, examples=["UPDATE_STATUS"])
    actor_id: OptionalId = None
    request_id: Annotated[Printable, StringConstraints(min_length=1, max_length=100)] | None = None
    date_from: OptionalMoment = None
    date_to: OptionalMoment = None


class AuditQuery(AuditFilter, ClampedPage):
    """A page of the trail."""


class AuditItem(Answer):
    """Who changed what. `actor_user_id` is null where nobody was signed in, as in the work of the sweeper.

    `old_value`, `new_value` and `context` are objects whose fields depend on the action.
    """

    id: int
    entity_type: str
    entity_id: int | None
    action: str
    old_value: dict[str, Any] | None
    new_value: dict[str, Any] | None
    context: dict[str, Any] | None
    actor_user_id: int | None
    actor_email: str | None
    created_at: Instant
    request_id: str | None
