"""The only place that commits, and the way to read without a transaction.

A use case opens `transaction()`; the steps it calls take the session, may flush, and never commit. Whatever must happen
only after a successful commit is handed to `after_commit`.
"""

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from flask import current_app, g
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.extensions import db

log = logging.getLogger("aisle.transaction")

_OPEN = "aisle.transaction_open"
_CALLS = "aisle.after_commit"
_RETRIED_SQLSTATES = {"40P01", "40001"}  # deadlock detected, serialization failure
_TRIES = 3

Result = TypeVar("Result")


@contextmanager
def transaction() -> Iterator[Session]:
    """One database transaction: commits when the block ends, rolls back when it raises.

    Raises RuntimeError when opened inside another one: the outer use case owns the commit.
    """
    session = db.session()
    if session.info.get(_OPEN):
        raise RuntimeError("transaction() is already open: a step must take the session, not open its own")
    session.info[_OPEN] = True
    calls: list[Callable[[], None]] = []
    session.info[_CALLS] = calls
    try:
        yield session
        session.commit()
        g.committed = True  # for app.middleware.replica: what this caller reads next must have it
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop(_OPEN, None)
        session.info.pop(_CALLS, None)
        db.session.remove()
    for call in calls:
        try:
            call()
        except Exception:  # the work itself is done and committed: its answer must not turn into an error
            log.exception("a call after commit failed")


def after_commit(session: Session, call: Callable[[], None]) -> None:
    """Run `call` once the open transaction has committed; never when it rolls back."""
    session.info[_CALLS].append(call)


@contextmanager
def reading() -> Iterator[Connection]:
    """A connection without a transaction, for read-only use cases: every statement sees the newest commit.

    Where `app.middleware.replica` allows it for the running request, a replica's, which has all this caller may expect.
    """
    bind = read_bind()
    if isinstance(bind, Connection):
        yield bind
        return
    with bind.connect() as connection:
        yield connection


@contextmanager
def whole_statement() -> Iterator[Engine | Connection]:
    """For one statement that is a transaction by itself: the server commits it as it ends, or undoes all of it.

    Spares BEGIN, COMMIT and a session. Raises RuntimeError inside an open transaction, as `transaction` does.
    """
    if db.session.registry.has() and db.session().info.get(_OPEN):
        raise RuntimeError("transaction() is open: a statement of its own would be committed before it")
    bind: Engine | Connection = current_app.extensions["read_bind"]
    yield bind
    g.committed = True


def read_bind() -> Engine | Connection:
    """The pool `reading` takes its connections from; in a test its own connection, whose reads see what it wrote."""
    bind: Engine | Connection = current_app.extensions["read_bind"]
    choose: Callable[[], Engine] | None = g.get("choose_engine")
    return choose() if choose and not isinstance(bind, Connection) else bind


def retried(work: Callable[[], Result]) -> Result:
    """Run a whole replayable transaction again after a deadlock or a lost connection: three tries, 10-100 ms apart.

    A connection lost during COMMIT leaves it unknown whether the work was done; the work itself must find out.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            return work()
        except OperationalError as error:
            again = error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _RETRIED_SQLSTATES
            if attempt == _TRIES or not again:
                raise
            time.sleep(random.uniform(0.01, 0.1))  # noqa: S311 (jitter, not a secret)
    raise AssertionError("unreachable")
