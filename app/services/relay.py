"""Relaying the outbox: lease what is due, act on each event without a transaction, note how it went.

Every event is handled at least once. Any number of relays may run: a lease keeps an event for one of them, and ends by
itself when that relay dies.
"""

import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from app.models import OutboxEvent
from app.services import events, locks
from app.services.events.event import Event
from app.services.webhooks.fanning_out import fan_out
from app.transaction import transaction

log = logging.getLogger("aisle.relay")

BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 300, 900, 3600))
MOST_ATTEMPTS = 12
LEASE = timedelta(seconds=120)
_LAST_START = LEASE.total_seconds() - 30  # a message may take ten seconds; past this no event of the batch is begun


def relay_due(batch: int = 50) -> int:
    """Handle up to `batch` due events, oldest first; answers how many succeeded. Failures stay for a later try."""
    began = time.monotonic()
    leased = _lease(batch)
    done = 0
    for place, event in enumerate(leased):
        if time.monotonic() - began > _LAST_START:
            _hand_back([late.id for late in leased[place:]])
            break
        done += _relay(event)
    return done


def back_off(attempts: int) -> timedelta:
    """How long to wait after the given number of failed tries."""
    return BACK_OFF[min(attempts, len(BACK_OFF)) - 1]


def _lease(batch: int) -> list[Event]:
    """Take due events out of everybody's sight for the length of the lease, in one short transaction."""
    with transaction() as session:
        due = locks.due_outbox(session, batch=batch)
        leased = [Event(row.id, row.topic, row.payload, row.attempts + 1) for row in due]
        if leased:
            session.execute(
                update(OutboxEvent)
                .where(OutboxEvent.id.in_([event.id for event in leased]))
                .values(attempts=OutboxEvent.attempts + 1, next_at=func.now() + LEASE)
                .execution_options(synchronize_session=False)
            )
    return leased


def _relay(event: Event) -> bool:
    """Handle one event and put it up for integrators; whatever goes wrong with it is noted and blocks no other."""
    try:
        events.handle(event)
        with transaction() as session:
            fan_out(session, event)
            _change(session, event, done_at=func.now(), last_error=None, payload=events.without_secrets(event))
    except Exception as error:  # noqa: BLE001 (one poisoned event must not stop the rest)
        _note_failure(event, events.may_name(event, error))
        return False
    return True


def _note_failure(event: Event, reason: str) -> None:
    """Plan the next try, or give up after the last one; a secret of an event given up is of no more use."""
    gave_up = event.attempts >= MOST_ATTEMPTS
    log.warning("event %s (%s) failed, try %s: %s", event.id, event.topic, event.attempts, reason)
    with transaction() as session:
        if gave_up:
            _change(session, event, failed=True, last_error=reason, payload=events.without_secrets(event))
        else:
            _change(session, event, last_error=reason, next_at=func.now() + back_off(event.attempts))


def _hand_back(ids: Sequence[int]) -> None:
    """Make leased events that were not begun due again at once."""
    with transaction() as session:
        session.execute(
            update(OutboxEvent)
            .where(OutboxEvent.id.in_(ids))
            .values(attempts=OutboxEvent.attempts - 1, next_at=func.now())
            .execution_options(synchronize_session=False)
        )


def _change(session: Session, event: Event, **values: object) -> None:
    session.execute(
        update(OutboxEvent)
        .where(OutboxEvent.id == event.id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
