"""The desk of the outbox: events that were given up, and what a person does about them."""

from typing import Any

from sqlalchemy import BigInteger, Integer, String, and_, bindparam, case, func, select, text
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.errors import Conflict, NotFound
from app.models import OutboxEvent
from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.outbox import (
    DiscardEvent,
    EventState,
    OutboxEventAnswer,
    OutboxEventDetail,
    OutboxQuery,
    OutboxSummary,
    OutboxTopicSummary,
    RetryTopic,
    TopicRetried,
)
from app.services import audit, events, locks
from app.services.events.event import Event
from app.services.pages import newest_first
from app.transaction import reading, transaction

MOST_AT_ONCE = 1000


class OutboxEventNotFound(NotFound):
    code = "OUTBOX_EVENT_NOT_FOUND"
    message = "There is no such event. What was done long ago is deleted."


class EventDone(Conflict):
    code = "OUTBOX_EVENT_DONE"
    message = "The event is done; there is nothing left to try or to discard."


class EventSecretGone(Conflict):
    """What such an event is for, a person has to ask for again."""

    code = "OUTBOX_SECRET_GONE"
    message = (
        "The code or link to be sent was erased when the event was given up. Let the person ask for a new one, or send"
        " a member of the staff a new invitation, and discard this event."
    )


_PENDING = (OutboxEvent.done_at.is_(None), ~OutboxEvent.failed)
_FAILED = (OutboxEvent.failed,)
_IN_STATE = {
    EventState.PENDING: _PENDING,
    EventState.FAILED: _FAILED,
    EventState.DONE: (OutboxEvent.done_at.is_not(None),),
}
_STATE = case(
    (OutboxEvent.failed, EventState.FAILED.value),
    (OutboxEvent.done_at.is_(None), EventState.PENDING.value),
    else_=EventState.DONE.value,
)
_ROWS = select(
    OutboxEvent.id,
    OutboxEvent.topic,
    OutboxEvent.aggregate,
    _STATE.label("state"),
    OutboxEvent.attempts,
    OutboxEvent.last_error,
    OutboxEvent.created_at,
    case((and_(*_PENDING), OutboxEvent.next_at)).label("next_at"),
    OutboxEvent.done_at,
)
_ONE = _ROWS.add_columns(OutboxEvent.payload).where(OutboxEvent.id == bindparam("event_id", type_=BigInteger))


def page(query: OutboxQuery) -> tuple[list[OutboxEventAnswer], PageMeta]:
    """A page of the events in a state, newest first (one statement). Raises ValidationFailed."""
    rows, values = _ROWS.where(*_IN_STATE[query.state]), {}
    if query.topic is not None:
        rows, values = rows.where(OutboxEvent.topic == bindparam("topic", type_=String)), {"topic": query.topic}
    found, meta = newest_first(rows, OutboxEvent.id, query, values)
    return [OutboxEventAnswer.model_validate(row) for row in found], meta


def show(*, event_id: int) -> OutboxEventDetail:
    """One event with its payload, secrets blank. Raises OutboxEventNotFound."""
    with reading() as connection:
        return _detail(connection.execute(_ONE, {"event_id": event_id}).one_or_none())


# Two parts, each by a partial index that holds only what is not settled.
_SUMMARY = text("""
    SELECT topic, sum(pending)::bigint AS pending, sum(failed)::bigint AS failed, min(oldest_at) AS oldest_at,
           floor(extract(epoch FROM now() - min(oldest_at)))::bigint AS oldest_seconds
    FROM (
        SELECT topic, count(*) AS pending, 0 AS failed, min(created_at) AS oldest_at
        FROM outbox WHERE done_at IS NULL AND NOT failed GROUP BY topic
        UNION ALL
        SELECT topic, 0, count(*), min(created_at) FROM outbox WHERE failed GROUP BY topic
    ) AS unsettled(topic, pending, failed, oldest_at)
    GROUP BY topic ORDER BY failed DESC, oldest_at, topic
""")


def summary() -> OutboxSummary:
    """How much is not settled, by topic, those with failures first (one statement)."""
    with reading() as connection:
        topics = [OutboxTopicSummary.model_validate(row) for row in connection.execute(_SUMMARY)]
    return OutboxSummary(
        pending=sum(topic.pending for topic in topics), failed=sum(topic.failed for topic in topics), topics=topics
    )


def retry(caller: Caller, *, event_id: int) -> OutboxEventDetail:
    """Make an event due now, with all its tries before it.

    One that is being handled at this moment may so be handled twice. Raises OutboxEventNotFound, EventDone or
    EventSecretGone.
    """
    with transaction() as session:
        event = _unsettled(session, event_id)
        if _secrets_erased(event):
            raise EventSecretGone
        old = {"state": _state(event), "attempts": event.attempts, "last_error": event.last_error}
        event.failed, event.attempts, event.next_at = False, 0, func.now()
        session.flush()
        _record(session, "RETRY", caller, event_id=event_id, topic=event.topic, old=old)
        return _detail(session.execute(_ONE, {"event_id": event_id}).one())


_RETRY_TOPIC = text("""
    UPDATE outbox SET failed = false, attempts = 0, next_at = now()
    WHERE id IN (SELECT id FROM outbox WHERE failed AND topic = :topic ORDER BY id LIMIT :most)
""").bindparams(bindparam("topic", type_=String), bindparam("most", type_=Integer))


def retry_topic(form: RetryTopic, caller: Caller) -> TopicRetried:
    """Make the failed events of a topic due now, the oldest first and at most a thousand. Raises EventSecretGone."""
    if form.topic in events.SECRETS:
        raise EventSecretGone
    with transaction() as session:
        values = {"topic": form.topic, "most": MOST_AT_ONCE}
        retried: int = session.execute(_RETRY_TOPIC, values).rowcount  # type: ignore[attr-defined]
        if retried:
            _record(session, "RETRY_TOPIC", caller, event_id=None, topic=form.topic, retried=retried)
    return TopicRetried(retried=retried, has_more=retried == MOST_AT_ONCE)


def discard(form: DiscardEvent, caller: Caller, *, event_id: int) -> OutboxEventDetail:
    """Settle an event by hand: nobody is told of it any more. Raises OutboxEventNotFound or EventDone."""
    with transaction() as session:
        event = _unsettled(session, event_id)
        old = {"state": _state(event), "attempts": event.attempts, "last_error": event.last_error}
        event.failed, event.done_at, event.last_error = False, func.now(), f"discarded by hand: {form.reason}"
        event.payload = events.without_secrets(_as_handled(event))
        session.flush()
        _record(session, "DISCARD", caller, event_id=event_id, topic=event.topic, old=old, reason=form.reason)
        return _detail(session.execute(_ONE, {"event_id": event_id}).one())


def _unsettled(session: Session, event_id: int) -> OutboxEvent:
    locks.limit_waits(session)
    event = locks.outbox_event(session, event_id=event_id)
    if event is None:
        raise OutboxEventNotFound
    if event.done_at is not None:
        raise EventDone
    return event


def _state(event: OutboxEvent) -> EventState:
    return EventState.FAILED if event.failed else EventState.PENDING


def _secrets_erased(event: OutboxEvent) -> bool:
    return any(event.payload.get(name) == "" for name in events.SECRETS.get(event.topic, ()))


def _as_handled(row: OutboxEvent | AnyRow) -> Event:
    return Event(row.id, row.topic, row.payload, row.attempts)


def _detail(row: AnyRow | None) -> OutboxEventDetail:
    if row is None:
        raise OutboxEventNotFound
    return OutboxEventDetail(**{**row._mapping, "payload": events.without_secrets(_as_handled(row))})


def _record(
    session: Session,
    action: str,
    caller: Caller,
    *,
    event_id: int | None,
    topic: str,
    old: dict[str, Any] | None = None,
    **new: Any,
) -> None:
    audit.record(
        session,
        entity_type="outbox_event",
        action=action,
        entity_id=event_id,
        by=caller,
        old=old,
        new={"topic": topic, **new},
    )
