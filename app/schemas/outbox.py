"""The outbox as the office sees it: events on their way, given up and settled."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from app.schemas.envelope import Answer, Instant, Printable, Request
from app.schemas.pagination import Page

Topic = Annotated[Printable, StringConstraints(min_length=1, max_length=64)]
Reason = Annotated[Printable, StringConstraints(min_length=3, max_length=400)]


class EventState(StrEnum):
    """PENDING: tried, or to be tried. FAILED: given up, it waits for a person. DONE: handled, or discarded by one."""

    PENDING = "pending"
    FAILED = "failed"
    DONE = "done"


class OutboxQuery(Page):
    """Without `state` the events that were given up."""

    state: EventState = EventState.FAILED
    topic: Topic | None = None


class OutboxEventAnswer(Answer):
    """An event. `next_at` is when it is tried next, unless it is failed or done; `aggregate` is what it is about."""

    id: int
    topic: str
    aggregate: str
    state: EventState
    attempts: int
    last_error: str | None
    created_at: Instant
    next_at: Instant | None
    done_at: Instant | None


class OutboxEventDetail(OutboxEventAnswer):
    """With the payload; codes, tokens and links in it are blank."""

    payload: dict[str, Any]


class OutboxTopicSummary(Answer):
    """What is not settled of one topic; `oldest_at` is when the oldest of it happened, `oldest_seconds` ago."""

    topic: str
    pending: int
    failed: int
    oldest_at: Instant
    oldest_seconds: int


class OutboxSummary(Answer):
    """What is not settled, by topic, and in all."""

    pending: int
    failed: int
    topics: list[OutboxTopicSummary]


class RetryTopic(Request):
    example: ClassVar[Mapping[str, Any]] = {"topic": "order.confirmed"}

    topic: Annotated[Topic, Field(examples=["order.confirmed"])]


class TopicRetried(Answer):
    """How many events are due again; with `has_more` ask once more."""

    retried: int
    has_more: bool


class DiscardEvent(Request):
    """`reason` is kept with the event and in the audit trail."""

    example: ClassVar[Mapping[str, Any]] = {"reason": "The customer was called instead."}

    reason: Annotated[Reason, Field(examples=["The customer was called instead."])]
