"""Who waits for whom in a database, looked at every 20 ms."""

import threading
import time
from dataclasses import dataclass
from typing import Any, Self

import psycopg

from scripts.drills.table_load import APPLICATION as LOAD

MIGRATION = "drill-migration"
_EVERY = 0.02
_WAITS = f"""
    SELECT extract(epoch FROM clock_timestamp() - waitstart)::float, locktype, mode,
           COALESCE(relation::regclass::text, 'a row'), left(query, 120)
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE NOT granted AND waitstart IS NOT NULL AND application_name = '{LOAD}'
    ORDER BY waitstart LIMIT 1
"""
_HELD = f"""
    SELECT relation, relation::regclass::text, mode, virtualtransaction
    FROM pg_locks JOIN pg_stat_activity USING (pid) JOIN pg_class ON pg_class.oid = relation
    WHERE granted AND application_name = '{MIGRATION}' AND relkind = 'r' AND relation = ANY(%s)
      AND mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
"""
_TABLES = "SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


@dataclass
class Found:
    """The worst that was seen; times in seconds."""

    wait: float = 0.0
    waiting: str = ""
    hold: float = 0.0
    held: str = ""
    looks: int = 0


class LockWatch:
    """Looks for the length of a block; `found` says what it saw.

    A wait is that of a statement of the load, whoever it waits for. A hold is a lock of the migration that shuts out
    writes or reads of a table that was there before, whether anybody wanted it or not.
    """

    def __init__(self, url: str) -> None:
        self.found = Found()
        self._connection = psycopg.connect(url, autocommit=True, application_name="drill-watch")
        self._tables = [row[0] for row in self._connection.execute(_TABLES)]
        self._since: dict[tuple[Any, ...], float] = {}
        self._over = threading.Event()
        self._failed: psycopg.Error | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._connection.close()
        if self._failed:
            raise self._failed

    def _run(self) -> None:
        try:
            while not self._over.wait(_EVERY):
                self._look()
        except psycopg.Error as error:
            self._failed = error

    def _look(self) -> None:
        self.found.looks += 1
        waiting = self._connection.execute(_WAITS).fetchone()
        if waiting and waiting[0] > self.found.wait:
            self.found.wait = waiting[0]
            self.found.waiting = f"{waiting[2]} on {waiting[3]}: {' '.join(waiting[4].split())}"
        held = set(self._connection.execute(_HELD, [self._tables]).fetchall())
        now = time.monotonic()
        self._since = {lock: self._since.get(lock, now) for lock in held}
        for lock, since in self._since.items():
            if now - since > self.found.hold:
                self.found.hold, self.found.held = now - since, f"{lock[2]} on {lock[1]}"
