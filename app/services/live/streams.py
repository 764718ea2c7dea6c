"""News of a user as a stream of server-sent events (html.spec.whatwg.org, section 9.2).

No connection is held between two reads. A stream ends after a while by itself: its client comes back with the id of
the last event it saw, and misses nothing.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.config import settings
from app.domain.caller import Caller
from app.models import AuthSession, User
from app.models.base import AnyRow
from app.schemas.live import LiveUpdate
from app.services.live import ending, reading
from app.services.live.hub import Hub, Seat, hub
from app.transaction import reading as connected

log = logging.getLogger("aisle.live")

NO_ANSWER = (OperationalError, PoolTimeout)
PING_SECONDS = 15.0
STEP_SECONDS = 1.0
"""How often a waiting stream looks whether it should end."""
RETRY_MILLISECONDS = 3000
BATCH = 100

_IS_SIGNED_IN = (
    select(AuthSession.id)
    .join(User, User.id == AuthSession.user_id)
    .where(AuthSession.id == bindparam("session_id"), AuthSession.revoked_at.is_(None), User.is_active)
)


@dataclass(frozen=True, slots=True)
class Listener:
    """Who listens, for how long at most, whether they are still there, and what to do before they are told news."""

    caller: Caller
    seconds: float
    is_there: Callable[[], bool]
    before_telling: Callable[[], None]


def follow(listener: Listener, *, after: int | None) -> Iterator[str]:
    """The caller's news after an id, or from now on, as the text of an event stream.

    Takes a place at once and keeps it until the stream ends or is closed. Raises TooManyStreams.
    """
    current, place = settings(), hub()
    start = reading.newest_id(listener.caller.user_id) if after is None else after
    seat = place.enter(
        listener.caller.user_id, per_process=current.live_streams_per_process, per_user=current.live_streams_per_user
    )
    stream = _stream(place, seat, listener, start)
    next(stream)  # from here on the stream gives its place back, however it ends
    return stream


def _stream(place: Hub, seat: Seat, listener: Listener, after: int) -> Iterator[str]:
    try:
        over = time.monotonic() + min(listener.seconds, settings().live_stream_seconds)
        yield ""
        yield f"retry: {RETRY_MILLISECONDS}\nid: {after}\n\n"
        ping, is_behind = time.monotonic() + PING_SECONDS, False
        while not ending.is_near() and listener.is_there():
            if seat.news.is_set():
                seat.news.clear()
                rows = _news(seat.user_id, after)
                is_behind = rows is None
                if rows:
                    after = rows[-1].id
                    listener.before_telling()
                    yield _events(rows)
                if rows and len(rows) == BATCH:  # what is there already is sent whatever the time
                    seat.news.set()
                    continue
            now = time.monotonic()
            if now >= over:
                return
            if now >= ping:
                if _has_left(listener.caller):
                    return
                yield ": ping\n\n"
                ping = now + PING_SECONDS
                seat.news.set()  # look, in case a notice was lost
            seat.news.wait(min(STEP_SECONDS, over - now))
            if is_behind:
                seat.news.set()
    finally:
        place.leave(seat)


def _events(rows: Sequence[AnyRow]) -> str:
    updates = (LiveUpdate.model_validate(row) for row in rows)
    return "".join(f"id: {one.id}\nevent: {one.topic}\ndata: {one.model_dump_json()}\n\n" for one in updates)


def _news(user_id: int, after: int) -> Sequence[AnyRow] | None:
    """The next news; None while the database does not answer: the stream outlives that, and then goes on."""
    try:
        return reading.read_after(user_id, after=after, limit=BATCH)
    except NO_ANSWER as error:
        log.warning("a live stream waits for the database", extra={"error": type(error).__name__})
        return None


def _has_left(caller: Caller) -> bool:
    """Whether the caller signed out or was shut out. A database that does not answer says so of nobody."""
    try:
        with connected() as connection:
            return connection.execute(_IS_SIGNED_IN, {"session_id": caller.session_id}).one_or_none() is None
    except NO_ANSWER:
        return False
