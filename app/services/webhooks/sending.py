"""Sending what is due, one message at a time: lease it, call without a transaction, note how it went.

Every message arrives at least once. Any number of senders may run: a lease keeps a message for one of them, and ends by
itself when that sender dies. What a sender notes after its lease has ended counts no more.
"""

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, text, update
from sqlalchemy.orm import Session

from app.clients import webhooks as client
from app.clients.webhooks import Answer
from app.domain.enums import DeliveryState, SwitchedOff
from app.domain.webhooks import GIVEN_UP_AFTER, MOST_ATTEMPTS, signatures, wait_after
from app.models import WebhookDelivery, WebhookEndpoint
from app.models.base import AnyRow
from app.services import audit, locks
from app.services.secrets_at_rest import decrypt
from app.services.webhooks import news
from app.services.webhooks.messages import body_of, event_name
from app.services.webhooks.policy import policy
from app.transaction import transaction

log = logging.getLogger("aisle.webhooks")

LEASE = timedelta(seconds=90)
"""Longer than a call may last, with time for a slow name server in front of it."""

_GONE = 410
_RECOVERED = text("UPDATE webhook_endpoints SET failing_since = NULL WHERE id = :id AND failing_since IS NOT NULL")


@dataclass(frozen=True, slots=True)
class Leased:
    """A message to send now; `attempts` counts this try. Secrets are newest first."""

    id: int
    endpoint_id: int
    event_id: int
    payload: dict[str, Any]
    attempts: int
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


def lease(avoiding: Sequence[int] = ()) -> Leased | None:
    """The message due first at any active endpoint but the given ones, out of everybody else's sight."""
    while (row := _lease(avoiding)) is not None:
        if row.attempts <= MOST_ATTEMPTS:
            stored = [secret for secret in (row.secret, row.previous_secret) if secret]
            secrets = tuple(decrypt(secret) for secret in stored)
            return Leased(row.id, row.endpoint_id, row.event_id, row.payload, row.attempts, row.url, secrets)
    return None


def _lease(avoiding: Sequence[int]) -> AnyRow | None:
    """Take a message on, or give it up where its tries all left no note: one more would end one more sender."""
    with transaction() as session:
        row = locks.lease_delivery(session, lease=LEASE, avoiding=avoiding)
        if row is not None and row.attempts > MOST_ATTEMPTS:
            given_up = {"state": DeliveryState.FAILED, "last_error": "no try came to an end"}
            session.execute(update(WebhookDelivery).where(WebhookDelivery.id == row.id).values(given_up))
    return row


def send(message: Leased) -> bool:
    """Call the endpoint and note how it went; answers whether it took the message. No transaction is open meanwhile."""
    body, name, now = body_of(message.payload), event_name(message.event_id), int(time.time())
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(now),
        "webhook-signature": signatures(body, message_id=name, timestamp=now, secrets=message.secrets),
    }
    answer = client.send(message.url, body, headers, policy=policy())
    with transaction() as session:
        if answer.is_taken:
            _note_success(session, message, answer)
        else:
            _note_failure(session, message, answer)
    return answer.is_taken


def _note_success(session: Session, message: Leased, answer: Answer) -> None:
    """The row of an endpoint that has not failed is left alone: a busy one is sent many messages at a time."""
    session.execute(_RECOVERED, {"id": message.endpoint_id})
    _change(session, message, answer, state=DeliveryState.SENT, sent_at=func.now())


def _note_failure(session: Session, message: Leased, answer: Answer) -> None:
    """Plan the next try, or give the message up, and the endpoint with it where it has failed for too long."""
    told = {"delivery": message.id, "endpoint": message.endpoint_id, "attempt": message.attempts}
    log.warning("a webhook was not taken: %s", answer.error, extra=told)
    endpoint = locks.webhook_endpoint(session, endpoint_id=message.endpoint_id)
    if endpoint is None:
        return  # deleted meanwhile, with all its deliveries
    if answer.status == _GONE or message.attempts >= MOST_ATTEMPTS:
        _change(session, message, answer, state=DeliveryState.FAILED)
    else:
        wait = wait_after(message.attempts, chance=random.random(), wished=answer.retry_after)  # noqa: S311 (jitter)
        _change(session, message, answer, next_at=func.now() + wait)
    _judge(session, endpoint, answer)


def _change(session: Session, message: Leased, answer: Answer, **values: Any) -> None:
    """Nothing changes when another sender has taken the message on since."""
    session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.id == message.id, WebhookDelivery.attempts == message.attempts)
        .where(WebhookDelivery.state == DeliveryState.PENDING)
        .values(answer_status=answer.status, last_error=answer.error, **values)
        .execution_options(synchronize_session=False)
    )


def _judge(session: Session, endpoint: WebhookEndpoint, answer: Answer) -> None:
    """Remember since when a locked endpoint fails, and switch it off when that is too long or it wants no more."""
    now = datetime.now(UTC)
    endpoint.failing_since = endpoint.failing_since or now
    session.flush()
    if answer.status == _GONE:
        _switch_off(session, endpoint, SwitchedOff.GONE)
    elif now - endpoint.failing_since >= GIVEN_UP_AFTER:
        _switch_off(session, endpoint, SwitchedOff.FAILING)


def _switch_off(session: Session, endpoint: WebhookEndpoint, reason: SwitchedOff) -> None:
    if not endpoint.is_active:
        return
    endpoint.is_active, endpoint.disabled_reason = False, reason.value
    session.flush()
    new = {"is_active": False, "disabled_reason": reason}
    audit.record(session, entity_type="webhook_endpoint", action="SWITCH_OFF", entity_id=endpoint.id, new=new)
    news.tell_admins(session, endpoint_id=endpoint.id, reason=reason)
