"""What was and is to be sent to an endpoint, sending it again, and trying the line."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, Text, bindparam, case, func, literal, select, text
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import DeliveryState
from app.domain.webhooks import PING
from app.models import WebhookDelivery, WebhookEndpoint
from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.webhook_events import PingEventData
from app.schemas.webhooks import (
    FailedReplay,
    FailedReplayAnswer,
    WebhookDeliveryAnswer,
    WebhookDeliveryDetail,
    WebhookDeliveryQuery,
)
from app.services import audit
from app.services.pages import newest_first
from app.services.webhooks import endpoints
from app.services.webhooks.errors import DeliveryPending, WebhookDeliveryNotFound, WebhookSwitchedOff
from app.services.webhooks.messages import message_of
from app.transaction import reading, transaction

MOST_AT_ONCE = 1000

_ENDPOINT = bindparam("endpoint_id", type_=BigInteger)
_COLUMNS = (
    WebhookDelivery.id,
    WebhookDelivery.endpoint_id,
    func.concat("evt_", WebhookDelivery.event_id).label("event_id"),
    WebhookDelivery.topic,
    WebhookDelivery.state,
    WebhookDelivery.replay_of,
    WebhookDelivery.attempts,
    WebhookDelivery.answer_status,
    WebhookDelivery.last_error,
    WebhookDelivery.created_at,
    case((WebhookDelivery.state == DeliveryState.PENDING, WebhookDelivery.next_at)).label("next_at"),
    WebhookDelivery.sent_at,
)
_OF_ENDPOINT = select(*_COLUMNS).where(WebhookDelivery.endpoint_id == _ENDPOINT)
_ONE = _OF_ENDPOINT.add_columns(WebhookDelivery.payload).where(
    WebhookDelivery.id == bindparam("delivery_id", type_=BigInteger)
)
_NUMBER = select(func.nextval(func.pg_get_serial_sequence("outbox", "id")))
"""A ping is no event of the outbox, but has a number that none of them will get."""

_REPLAY = text("""
    INSERT INTO webhook_deliveries (endpoint_id, event_id, topic, payload, replay_of)
    SELECT endpoint_id, event_id, topic, payload, id FROM webhook_deliveries WHERE id = :delivery_id
    RETURNING id
""")

# Of each event the oldest failure is taken, and it is left alone once a replay of it is under way or got through.
_REPLAY_FAILED = text("""
    INSERT INTO webhook_deliveries (endpoint_id, event_id, topic, payload, replay_of)
    SELECT endpoint_id, event_id, topic, payload, id
    FROM (
        SELECT DISTINCT ON (event_id) id, endpoint_id, event_id, topic, payload
        FROM webhook_deliveries AS failed
        WHERE endpoint_id = :endpoint_id AND state = 'failed' AND created_at >= :since
          AND NOT EXISTS (
              SELECT 1 FROM webhook_deliveries AS other
              WHERE other.endpoint_id = :endpoint_id AND other.event_id = failed.event_id AND other.state <> 'failed'
          )
        ORDER BY event_id, id LIMIT :most
    ) AS lost
    ORDER BY id
""").bindparams(
    bindparam("endpoint_id", type_=BigInteger),
    bindparam("since", type_=DateTime(timezone=True)),
    bindparam("most", type_=Integer),
)


def page(query: WebhookDeliveryQuery, *, endpoint_id: int) -> tuple[list[WebhookDeliveryAnswer], PageMeta]:
    """A page of an endpoint's deliveries. Raises WebhookNotFound, or ValidationFailed for a cursor of another list."""
    endpoints.show(endpoint_id)
    chosen = _OF_ENDPOINT
    values: dict[str, Any] = {"endpoint_id": endpoint_id}
    if query.state is not None:
        chosen = chosen.where(WebhookDelivery.state == query.state)
    if query.topic is not None:
        chosen = chosen.where(WebhookDelivery.topic == bindparam("topic", type_=Text))
        values["topic"] = query.topic
    rows, meta = newest_first(chosen, WebhookDelivery.id, query, values)
    return [WebhookDeliveryAnswer.model_validate(row) for row in rows], meta


def show(*, endpoint_id: int, delivery_id: int) -> WebhookDeliveryDetail:
    """One delivery with the body it is sent with. Raises WebhookDeliveryNotFound."""
    with reading() as connection:
        row = connection.execute(_ONE, {"endpoint_id": endpoint_id, "delivery_id": delivery_id}).one_or_none()
    return _detail(row)


def ping(caller: Caller, *, endpoint_id: int) -> WebhookDeliveryDetail:
    """Put a test message up for an endpoint. Raises WebhookNotFound or WebhookSwitchedOff."""
    with transaction() as session:
        _active(session, endpoint_id)
        number = session.execute(_NUMBER).scalar_one()
        data = PingEventData(endpoint_id=endpoint_id)
        message = message_of(number, PING, datetime.now(UTC), data)
        made = WebhookDelivery(endpoint_id=endpoint_id, event_id=number, topic=PING, payload=message)
        session.add(made)
        session.flush()
        _record(session, "PING", caller, endpoint_id, delivery_id=made.id)
        return _made(session, endpoint_id, made.id)


def replay(caller: Caller, *, endpoint_id: int, delivery_id: int) -> WebhookDeliveryDetail:
    """Send a message again that was sent or has failed, to the address the endpoint has now.

    Raises WebhookNotFound, WebhookDeliveryNotFound, WebhookSwitchedOff or DeliveryPending, also for an event of which a
    replay is under way.
    """
    with transaction() as session:
        _active(session, endpoint_id)
        known = {"endpoint_id": endpoint_id, "delivery_id": delivery_id}
        _detail(session.execute(_ONE, known).one_or_none())
        if session.execute(_IS_PENDING, known).scalar_one():
            raise DeliveryPending
        made_id = session.execute(_REPLAY, {"delivery_id": delivery_id}).scalar_one()
        _record(session, "REPLAY", caller, endpoint_id, delivery_id=delivery_id)
        return _made(session, endpoint_id, made_id)


def replay_failed(form: FailedReplay, caller: Caller, *, endpoint_id: int) -> FailedReplayAnswer:
    """Send again what failed for good since a time, by events, the oldest first and at most a thousand.

    Raises WebhookNotFound or WebhookSwitchedOff.
    """
    with transaction() as session:
        _active(session, endpoint_id)
        values = {"endpoint_id": endpoint_id, "since": form.since, "most": MOST_AT_ONCE}
        replayed: int = session.execute(_REPLAY_FAILED, values).rowcount  # type: ignore[attr-defined]
        _record(session, "REPLAY_FAILED", caller, endpoint_id, since=form.since.isoformat(), replayed=replayed)
    return FailedReplayAnswer(replayed=replayed, has_more=replayed == MOST_AT_ONCE)


_OTHER = WebhookDelivery.__table__.alias("other")
_IS_PENDING = select(
    select(literal(1))
    .where(
        _OTHER.c.endpoint_id == _ENDPOINT,
        _OTHER.c.event_id == WebhookDelivery.event_id,
        _OTHER.c.state == DeliveryState.PENDING,
    )
    .exists()
).where(WebhookDelivery.id == bindparam("delivery_id", type_=BigInteger))


def _active(session: Session, endpoint_id: int) -> WebhookEndpoint:
    """The endpoint, locked, so that of two equal requests the second sees what the first did."""
    endpoint = endpoints.locked(session, endpoint_id)
    if not endpoint.is_active:
        raise WebhookSwitchedOff
    return endpoint


def _made(session: Session, endpoint_id: int, delivery_id: int) -> WebhookDeliveryDetail:
    known = {"endpoint_id": endpoint_id, "delivery_id": delivery_id}
    return _detail(session.execute(_ONE, known).one())


def _detail(row: AnyRow | None) -> WebhookDeliveryDetail:
    if row is None:
        raise WebhookDeliveryNotFound
    return WebhookDeliveryDetail.model_validate(row)


def _record(session: Session, action: str, caller: Caller, endpoint_id: int, **new: Any) -> None:
    audit.record(session, entity_type="webhook_endpoint", action=action, entity_id=endpoint_id, by=caller, new=new)
