"""The audit trail: what may be asked of it, and an event of it."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from app.schemas.envelope import Answer, Instant, Printable, Request
from app.schemas.moments import OptionalSince, OptionalUntil
from app.schemas.pagination import NONE_IF_BLANK, ClampedPage, OptionalId

OptionalWord = Annotated[Annotated[Printable, StringConstraints(max_length=64)] | None, NONE_IF_BLANK]


class AuditFilter(Request):
    """Which events: all conditions hold together.

    A bare day in `date_from` begins at its midnight and in `date_to` counts to its end, both in SHOP_TIMEZONE; an
    instant without an offset is read in SHOP_TIMEZONE as well, and counts itself. An empty text is no condition.
    """

    entity_type: OptionalWord = Field(default=None, examples=["order"])
    entity_id: OptionalId = None
    action: OptionalWord = Field(default=None, examples=["UPDATE_STATUS"])
    actor_id: OptionalId = None
    request_id: Annotated[Printable, StringConstraints(min_length=1, max_length=100)] | None = None
    date_from: OptionalSince = None
    date_to: OptionalUntil = None


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
