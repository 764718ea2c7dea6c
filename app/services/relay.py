"""Relaying the outbox: lease what is due, act on each event without a transaction, note how it went.

Every event is handled at least once. Any number of relays may run: a lease keeps an event for one of them, and ends by
itself when that relay dies.
"""

import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Interval, bindparam, func, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.models import OutboxEvent
from app.services import events, locks
from app.services.events.event import Event
from app.services.webhooks.fanning_out import fan_out
from app.transaction import transaction
from app.working import failed, working

log = logging.getLogger("aisle.relay")

BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 300, 900, 3600))
MOST_ATTEMPTS = 12
LEASE = timedelta(seconds=120)
LONGEST_PASS = 5.0
"""Seconds after which a pass begins no further event: a provider that hangs takes ten for each, and the loop that
relays has payments to settle as well."""


class NeverFinished(Exception):
    """An event whose tries all left no note: handling it once more would end one more process."""


def relay_due(batch: int = 50) -> int:
    """Handle up to `batch` due events, oldest first; answers how many succeeded. Failures stay for a later try."""
    began = time.monotonic()
    leased = _lease(batch)
    done = 0
    for place, event in enumerate(leased):
        if time.monotonic() - began > LONGEST_PASS:
            _hand_back([late.id for late in leased[place:]])
            break
        done += _relay(event)
    return done


def relay_offered(event_id: int, tried: int) -> bool:
    """Handle an event that was offered (services/offering) after `tried` tries; answers whether it succeeded.

    However often it was offered, one wins: for the others, and for whoever comes late, there is nothing to do.
    """
    event = _claim(event_id, tried)
    return event is not None and _relay(event)


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


# Of the table and not of the class: the ORM's own way to update would take a third of the time of a relayed event.
_OUTBOX = OutboxEvent.__table__.c
_CLAIM = (
    update(OutboxEvent.__table__)  # type: ignore[arg-type]
    .where(
        _OUTBOX.id == bindparam("event_id"),
        _OUTBOX.attempts == bindparam("tried"),
        _OUTBOX.done_at.is_(None),
        ~_OUTBOX.failed,
    )
    .values(attempts=_OUTBOX.attempts + 1, next_at=func.now() + bindparam("lease", type_=Interval))
    .returning(_OUTBOX.id, _OUTBOX.topic, _OUTBOX.payload, _OUTBOX.attempts)
)
_DONE = (
    update(OutboxEvent.__table__)  # type: ignore[arg-type]
    .where(_OUTBOX.id == bindparam("event_id"))
    .values(done_at=func.now(), last_error=None, payload=bindparam("remains", type_=JSONB))
)


def _claim(event_id: int, tried: int) -> Event | None:
    """Count this try and begin the lease anew; None when the event is settled or somebody else has begun this try."""
    with transaction() as session:
        values = {"event_id": event_id, "tried": tried, "lease": LEASE}
        row = session.execute(_CLAIM, values).one_or_none()
    return Event(*row) if row else None


def _relay(event: Event) -> bool:
    """Handle one event and put it up for integrators; whatever goes wrong with it is noted and blocks no other."""
    with working(f"outbox {event.topic}", event_id=event.id):
        return _handle(event)


def _handle(event: Event) -> bool:
    try:
        if event.attempts > MOST_ATTEMPTS:
            raise NeverFinished("no try came to an end: each ended its process, or was killed with it")
        events.handle(event)
        with transaction() as session:
            fan_out(session, event)
            session.execute(_DONE, {"event_id": event.id, "remains": events.without_secrets(event)})
    except Exception as error:  # noqa: BLE001 (one poisoned event must not stop the rest)
        failed(error)
        _note_failure(event, events.may_name(event, error))
        return False
    return True


def _note_failure(event: Event, reason: str) -> None:
    """Plan the next try, or give up after the last one; a secret of an event given up is of no more use."""
    gave_up = event.attempts >= MOST_ATTEMPTS
    log.warning("event %s (%s) failed, try %s: %s", event.id, event.topic, event.attempts, reason)
    with transaction() as session:
        if gave_up:
            _change_this_try(session, event, failed=True, last_error=reason, payload=events.without_secrets(event))
        else:
            _change_this_try(session, event, last_error=reason, next_at=func.now() + back_off(event.attempts))


def _hand_back(ids: Sequence[int]) -> None:
    """Make leased events that were not begun due again at once."""
    with transaction() as session:
        session.execute(
            update(OutboxEvent)
            .where(OutboxEvent.id.in_(ids))
            .values(attempts=OutboxEvent.attempts - 1, next_at=func.now())
            .execution_options(synchronize_session=False)
        )


def _change_this_try(session: Session, event: Event, **values: object) -> None:
    """Unless the event is settled meanwhile, or tried again: a failure that comes late undoes nothing."""
    session.execute(
        update(OutboxEvent)
        .where(OutboxEvent.id == event.id, OutboxEvent.attempts == event.attempts, OutboxEvent.done_at.is_(None))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
