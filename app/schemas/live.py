"""News for a user, as the list and as the stream send it."""

from typing import Annotated, Any

from pydantic import Field

from app.schemas.envelope import NOT_A_TRUTH, Answer, Instant, Request
from app.schemas.pagination import Limit, default_limit

EventId = Annotated[int, Field(ge=0, le=2**63 - 1, examples=[41]), NOT_A_TRUTH]


class UpdatesAsked(Request):
    """`after` is the `last_id` of the answer before."""

    after: EventId | None = None
    limit: Limit = Field(default_factory=default_limit)


class EventsAsked(Request):
    """`after` is for clients that cannot send the header Last-Event-ID, which counts where both are sent."""

    after: EventId | None = None


class LiveUpdate(Answer):
    """One piece of news; what `payload` holds depends on the topic."""

    id: int
    topic: str = Field(examples=["order.changed"])
    payload: dict[str, Any]
    created_at: Instant


class LiveUpdates(Answer):
    """News, oldest first. Ask again with `after` = `last_id`: at once while `has_more`, else after a while."""

    updates: list[LiveUpdate]
    last_id: int
    has_more: bool
