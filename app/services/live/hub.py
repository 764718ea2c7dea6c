"""One listening connection for all the streams of a process; it tells each stream when its user has news.

PostgreSQL says only whose news there is. What it is the streams read for themselves, so nothing is lost when the
connection breaks: every stream looks again once there is a new one.
"""

import logging
import os
import threading
import time
from dataclasses import dataclass, field
from functools import lru_cache

import psycopg
from psycopg.conninfo import make_conninfo

from app.config import settings
from app.embedded_postgres import without_driver
from app.errors import Busy
from app.meters import LIVE_STREAMS
from app.transaction import reading

log = logging.getLogger("aisle.live")

CHANNEL = "aisle_live"
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 2.0
"""Seconds between two tries to listen again: so long after its return a database may still be unheard."""
LOOK_UP_EVERY = 1.0
"""Seconds between two looks at whether anybody still listens."""
_RETRY_AFTER = 15
_NOTICE_A_DEAD_PEER = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "connect_timeout": 5}
"""Options of libpq, in seconds."""


class TooManyStreams(Busy):
    code = Busy.code
    message = "Too many live streams are open. Ask GET /api/v1/me/updates?after=<last id> instead, or try again later."


@dataclass(eq=False)
class Seat:
    """The place of one stream; `news` is set when there may be something to read, and at first."""

    user_id: int
    news: threading.Event = field(default_factory=threading.Event)


class Hub:
    """The streams of one process on one database. The connection lives as long as there is a stream."""

    def __init__(self, address: str) -> None:
        self._address = make_conninfo(address, **_NOTICE_A_DEAD_PEER)
        self._seats: set[Seat] = set()
        self._listener: threading.Thread | None = None
        self._lock = threading.RLock()  # a forgotten stream may be collected, and leave, in the middle of `enter`

    def enter(self, user_id: int, *, per_process: int, per_user: int) -> Seat:
        """A place for one more stream of a user. Raises TooManyStreams."""
        seat = Seat(user_id)
        seat.news.set()
        with self._lock:
            of_user = sum(taken.user_id == user_id for taken in tuple(self._seats))
            if len(self._seats) >= per_process or of_user >= per_user:
                raise TooManyStreams(retry_after=_RETRY_AFTER)
            self._seats.add(seat)
            LIVE_STREAMS.inc()
            if self._listener is None:
                self._listener = threading.Thread(target=self._listen, name="live", daemon=True)
                self._listener.start()
        return seat

    def leave(self, seat: Seat) -> None:
        """Give a place back; harmless to repeat."""
        with self._lock:
            if seat in self._seats:
                self._seats.discard(seat)
                LIVE_STREAMS.dec()

    def _listen(self) -> None:
        pause = FIRST_PAUSE
        while self._is_wanted():
            try:
                with psycopg.connect(self._address, autocommit=True) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    pause = FIRST_PAUSE
                    self._wake()
                    self._pass_on(connection)
            except (psycopg.Error, OSError) as error:
                log.warning("live updates lost their connection", extra={"error": type(error).__name__})
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    def _pass_on(self, connection: psycopg.Connection) -> None:
        while self._is_wanted():
            for notice in connection.notifies(timeout=LOOK_UP_EVERY):
                if notice.payload.isdecimal():
                    self._wake(int(notice.payload))

    def _is_wanted(self) -> bool:
        """Whether there is a stream; without one this listener is over, and the next stream starts another."""
        with self._lock:
            if not self._seats:
                self._listener = None
            return bool(self._seats)

    def _wake(self, user_id: int | None = None) -> None:
        """Let the streams of a user, or all, read again."""
        with self._lock:
            for seat in tuple(self._seats):
                if user_id is None or seat.user_id == user_id:
                    seat.news.set()


def hub() -> Hub:
    """The hub of this process for the database of the running application."""
    return _hub_of(os.getpid(), without_driver(settings().database_direct_url or _address_in_use()))


@lru_cache(maxsize=8)
def _hub_of(_process: int, address: str) -> Hub:
    """By process, as a forked one inherits neither the thread nor the connection."""
    return Hub(address)


def _address_in_use() -> str:
    with reading() as connection:
        return connection.engine.url.render_as_string(hide_password=False)
