"""Events that could not be told, and telling them again."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.outbox import (
    DiscardEvent,
    OutboxEventAnswer,
    OutboxEventDetail,
    OutboxQuery,
    OutboxSummary,
    RetryTopic,
    TopicRetried,
)
from app.services import dead_letters

outbox = Blueprint("admin_outbox", __name__)


@outbox.get("")
@endpoint(query=OutboxQuery, answers={200: Listed[OutboxEventAnswer]})
def list_outbox_events(query: OutboxQuery) -> Response:
    """List events of the outbox by state and topic, newest first; without a state those that were given up."""
    items, meta = dead_letters.page(query)
    return listed(items, meta)


@outbox.get("/summary")
@endpoint(answers={200: OutboxSummary})
def summarize_outbox() -> Response:
    """Count what is on its way and what was given up, by topic, with the age of the oldest."""
    return answer(dead_letters.summary())


@outbox.get("/<int:event_id>")
@endpoint(answers={200: OutboxEventDetail}, errors=(dead_letters.OutboxEventNotFound,))
def show_outbox_event(event_id: int) -> Response:
    """Show an event with its payload; codes, tokens and links in it are blank."""
    return answer(dead_letters.show(event_id=event_id))


@outbox.post("/<int:event_id>/retry")
@endpoint(
    answers={200: OutboxEventDetail},
    errors=(dead_letters.OutboxEventNotFound, dead_letters.EventDone, dead_letters.EventSecretGone),
)
def retry_outbox_event(event_id: int) -> Response:
    """Let an event be tried again, within seconds and as often as a new one.

    An event may be handled more than once, also without this: handlers are made for it.
    """
    return answer(dead_letters.retry(current_caller(), event_id=event_id))


@outbox.post("/retry")
@endpoint(body=RetryTopic, answers={200: TopicRetried}, errors=(dead_letters.EventSecretGone,))
def retry_outbox_topic(body: RetryTopic) -> Response:
    """Let all events of a topic that were given up be tried again, the oldest first and at most a thousand."""
    return answer(dead_letters.retry_topic(body, current_caller()))


@outbox.post("/<int:event_id>/discard")
@endpoint(
    body=DiscardEvent,
    answers={200: OutboxEventDetail},
    errors=(dead_letters.OutboxEventNotFound, dead_letters.EventDone),
)
def discard_outbox_event(event_id: int, body: DiscardEvent) -> Response:
    """Settle an event by hand, with a reason: it is not tried again, and nobody is told of it."""
    return answer(dead_letters.discard(body, current_caller(), event_id=event_id))
