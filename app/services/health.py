"""Readiness: can this process serve requests now."""

import threading
from contextvars import copy_context
from queue import Empty, SimpleQueue

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import ServiceUnavailable
from app.migrations import is_behind
from app.transaction import reading

PATIENCE = 2.0
"""Seconds for which the database is waited for: who asks whether all is well wants to hear that it is not."""

_REVISION = text("SELECT version_num FROM alembic_version")
_one_at_a_time = threading.Lock()

Found = tuple[bool, str | None]
"""Whether the database answered, and the revision of its schema."""


def check_ready() -> None:
    """Raise ServiceUnavailable when the database does not answer within PATIENCE or its schema is too old."""
    answered, revision = _look()
    if not answered:
        raise ServiceUnavailable("The database does not answer or was never migrated.", retry_after=2)
    if is_behind(revision):
        raise ServiceUnavailable("A migration is pending: run `flask migrate`.", retry_after=10)


def _look() -> Found:
    """Look in a thread of its own: one that hangs holds up nobody, and is the only one until it ends."""
    answers: SimpleQueue[Found] = SimpleQueue()
    if not _one_at_a_time.acquire(timeout=PATIENCE):
        return False, None
    threading.Thread(target=copy_context().run, args=(_read, answers), name="health", daemon=True).start()
    try:
        return answers.get(timeout=PATIENCE)
    except Empty:
        return False, None


def _read(answers: "SimpleQueue[Found]") -> None:
    try:
        with reading() as connection:
            answers.put((True, connection.execute(_REVISION).scalar_one_or_none()))
    except (DBAPIError, PoolTimeout):
        answers.put((False, None))
    finally:
        _one_at_a_time.release()
