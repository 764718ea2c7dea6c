"""When a streaming replica may answer instead of the primary: only when nobody could tell the difference.

Three questions, in this order. Does the replica answer at all, and is it a replica? Is it at most MOST_BEHIND seconds
behind? Has it replayed what this reader wrote, or was told of, during the last minute? After a write its position in
the primary's WAL is kept in Redis under the names of the writer; a reader with one of these names waits for nothing,
but reads from the primary until the replica is there. What cannot be answered (Redis gone) means the primary.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

import redis
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from app.flask_config import IMPATIENT
from app.meters import REPLICA_BEHIND

log = logging.getLogger("aisle.replica")

MOST_BEHIND = 5.0
"""Seconds. A replica further behind gets no reads until it has caught up."""
REMEMBERED = 60
"""Seconds for which a write is remembered; far more than MOST_BEHIND, so that no replica in use can have missed it."""
LOOK_EVERY = 1.0
PAUSE = 5.0
"""Seconds without the replica, or without Redis, after one of them failed."""

_NEVER_REACHED = 2**63 - 1

_WRITTEN = text("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint")
_REPLAYED = text("SELECT (pg_last_wal_replay_lsn() - '0/0')::bigint WHERE pg_is_in_recovery()")
"""No row where the server is no replica (any more): a primary of its own is a different database by now."""


class Replica:
    """What one process knows about its replica. Threads share it: each value is set in one step."""

    def __init__(
        self, primary: Engine, engine: Engine, redis_url: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.engine = engine
        self._primary = primary
        self._redis = redis.Redis.from_url(redis_url, **IMPATIENT)
        self._clock = clock
        self._looking = threading.Lock()
        self._next_look = 0.0
        self._barred_until = 0.0
        self._replayed = 0
        self._not_yet_there: deque[tuple[float, int]] = deque()

    def may_answer(self, readers: Sequence[str]) -> bool:
        """Whether the replica has all that these names (`user:7`, `address:...`) may expect to see."""
        if self._clock() < self._barred_until:
            return False
        try:
            self._look()
            return self.seconds_behind() <= MOST_BEHIND and self._has(self._written_by(readers))
        except (SQLAlchemyError, redis.RedisError) as error:
            self.bar(error)
            return False

    def note_write(self, writers: Sequence[str]) -> None:
        """Remember for these names that whatever is committed now must be in what they read next. Never raises."""
        position = self._written()
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                for name in writers:
                    pipeline.set(_key(name), position, ex=REMEMBERED)
                pipeline.execute()
        except redis.RedisError as error:
            self.bar(error)

    def bar(self, error: Exception) -> None:
        """Leave the replica alone for a while after something failed."""
        self._barred_until = self._clock() + PAUSE
        log.warning("reads go to the primary", extra={"error": type(error).__name__, "seconds": PAUSE})

    def seconds_behind(self) -> float:
        """How long ago the primary wrote the first thing the replica has not replayed; 0 where it has all we know."""
        try:
            since = self._not_yet_there[0][0]
        except IndexError:  # not looked at before: another thread may take the last one away in between
            return 0.0
        return self._clock() - since

    def _look(self) -> None:
        """Compare both servers once a second; of several threads one does, and the others go on."""
        if self._clock() < self._next_look or not self._looking.acquire(blocking=False):
            return
        try:
            self._next_look = self._clock() + LOOK_EVERY
            self._learn_replayed()
            while self._not_yet_there and self._not_yet_there[0][1] <= self._replayed:
                self._not_yet_there.popleft()
            with self._primary.connect() as connection:
                self._not_yet_there.append((self._clock(), connection.execute(_WRITTEN).scalar_one()))
            REPLICA_BEHIND.set(self.seconds_behind())
        finally:
            self._looking.release()

    def _written(self) -> int:
        """How far the primary's WAL goes; beyond all replicas where it does not say, as a commit may have been made."""
        try:
            with self._primary.connect() as connection:
                return int(connection.execute(_WRITTEN).scalar_one())
        except SQLAlchemyError as error:
            self.bar(error)
            return _NEVER_REACHED

    def _learn_replayed(self) -> None:
        with self.engine.connect() as connection:
            self._replayed = connection.execute(_REPLAYED).scalar_one()

    def _written_by(self, names: Sequence[str]) -> int:
        """The newest position in the WAL that one of these names has written or was told of; 0 for none of late."""
        positions = self._redis.mget([_key(name) for name in names])
        return max((int(position) for position in positions if position), default=0)

    def _has(self, position: int) -> bool:
        if position > self._replayed:
            self._learn_replayed()
        return position <= self._replayed


def _key(name: str) -> str:
    return f"aisle:wrote:{name}"
