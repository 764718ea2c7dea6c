"""Celery's entry point with handlers and chores that note what they did: `celery -A tests.system.working worker`.

The outbox goes by TEST_LEASE_SECONDS here, gives up after three tries and pauses for half a second between them.
"""

import dataclasses
import os
import signal
import time
from datetime import timedelta

from sqlalchemy import text

from app import create_app
from app.services import events, relay
from app.services.events.event import Event
from app.tasks import worker
from app.tasks.chores import Chore, chores
from app.tasks.worker import make_celery
from app.transaction import reading

NOTES = "CREATE TABLE test_notes (what text, event_id bigint, pid int, at timestamptz DEFAULT clock_timestamp())"
MOST_TRIES = 3


_NOTE = text("INSERT INTO test_notes VALUES (:what, :event_id, :pid)")


def note(what: str, event_id: int | None = None) -> None:
    with reading() as connection:  # it commits by itself, and at once
        connection.execute(_NOTE, {"what": what, "event_id": event_id, "pid": os.getpid()})


def _count(event: Event) -> None:
    note("handled", event.id)


def _die_at_first(event: Event) -> None:
    note("handled", event.id)
    if event.attempts == 1:
        os.kill(os.getpid(), signal.SIGKILL)


def _fail_until_mended(event: Event) -> None:
    note("tried", event.id)
    with reading() as connection:
        is_mended = connection.execute(text("SELECT count(*) FROM test_notes WHERE what = 'mended'")).scalar_one()
    if not is_mended:
        raise TimeoutError("no answer")


def _take_long(event: Event) -> None:
    note("begun", event.id)
    time.sleep(3)
    note("ended", event.id)


def _noted(chore: Chore) -> Chore:
    def work() -> None:
        chore.work()
        note(f"chore {chore.name}")

    return dataclasses.replace(chore, work=work)


HANDLERS = {
    "test.count": _count,
    "test.die": _die_at_first,
    "test.fail": _fail_until_mended,
    "test.slow": _take_long,
}

if "TEST_LEASE_SECONDS" in os.environ:
    relay.LEASE = timedelta(seconds=float(os.environ["TEST_LEASE_SECONDS"]))
    relay.BACK_OFF = (timedelta(seconds=0.5),)
    relay.MOST_ATTEMPTS = MOST_TRIES
    worker.LONGEST_QUEUE = 250  # what a slow machine gets through before the lease ends
    events.HANDLERS.update(HANDLERS)
    worker.chores = lambda: [_noted(chore) for chore in chores()]
    app = make_celery(create_app())
