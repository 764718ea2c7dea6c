"""Killing servers at random, and starting again what does not start by itself."""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil
import psycopg

from scripts.chaos.provider import Provider
from scripts.chaos.worker import Sweeper
from scripts.parts.child import await_that
from scripts.parts.postgres import OWN, Postgres
from scripts.parts.web import Web

_SHARES = {
    "gunicorn worker": 9,
    "sweeper": 3,
    "database backend": 3,
    "database session": 2,
    "postmaster": 2,
    "worker paused": 1,
}
_PAUSE_SECONDS = 4.0
"""Longer than anybody waits for a lock (3 s)."""
_SESSIONS = """
    SELECT pid, state <> 'idle' FROM pg_stat_activity
    WHERE datname = current_database() AND application_name <> %s AND backend_type = 'client backend'
"""


def deck(times: int, chance: random.Random) -> list[str]:
    """So many kills, each kind at least once where there is room, in random order."""
    kinds = list(_SHARES)
    chance.shuffle(kinds)
    more = chance.choices(list(_SHARES), weights=list(_SHARES.values()), k=max(0, times - len(kinds)))
    drawn = kinds[:times] + more
    chance.shuffle(drawn)
    return drawn


@dataclass
class Killer:
    """Whoever kills: always from the main thread, as children live as long as the thread that started them."""

    web: Web
    sweeper: Sweeper
    database: Postgres
    provider: Provider
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    outages: list[float] = field(default_factory=list)
    """Seconds until the database took connections again, for each kill of a backend or of the postmaster."""

    def kill(self, kind: str) -> None:
        """One kill; returns once what was killed is being started again."""
        kills: dict[str, Callable[[], bool]] = {
            "gunicorn worker": self._kill_worker,
            "sweeper": self._kill_sweeper,
            "database backend": self._kill_backend,
            "database session": self._end_session,
            "postmaster": self._kill_postmaster,
            "worker paused": self._pause_worker,
        }
        while not kills[kind]():
            time.sleep(0.05)
        self.done[kind] += 1

    def hide_provider(self) -> None:
        """The provider is unreachable for a moment."""
        self.provider.hide(self.chance.uniform(0.3, 2.0))
        self.done["provider away"] += 1

    def _workers(self) -> list[psutil.Process]:
        return sorted(psutil.Process(self.web.pid).children(), key=lambda process: process.pid)

    def _kill_worker(self) -> bool:
        workers = self._workers()
        return bool(workers) and _signal(self.chance.choice(workers).pid, signal.SIGKILL)

    def _pause_worker(self) -> bool:
        """As on a machine that swaps: it holds what it holds, and goes on as if nothing had been."""
        workers = self._workers()
        if not workers:
            return False
        chosen = self.chance.choice(workers).pid
        if not _signal(chosen, signal.SIGSTOP):
            return False
        time.sleep(_PAUSE_SECONDS)
        return _signal(chosen, signal.SIGCONT)

    def _kill_sweeper(self) -> bool:
        self.sweeper.kill()
        time.sleep(self.chance.uniform(0, 2))
        self.sweeper.launch()
        return True

    def _kill_backend(self) -> bool:
        """One backend dies as by the kernel's out-of-memory killer: PostgreSQL ends all others and recovers."""
        pid = self._session()
        if pid is None or not _signal(pid, signal.SIGKILL):
            return False
        self._await_database()
        return True

    def _end_session(self) -> bool:
        pid = self._session()
        if pid is None:
            return False
        try:
            return bool(self.database.ask("SELECT pg_terminate_backend(%s)", pid))
        except psycopg.Error:
            return False

    def _kill_postmaster(self) -> bool:
        """As by a power cut: all of the database at one moment; what was committed is on the disk."""
        self.database.kill()
        time.sleep(self.chance.uniform(0, 1))
        self.database.launch()
        self._await_database()
        return True

    def _session(self) -> int | None:
        """A session of the shop's, one at work if there is one."""
        try:
            with self.database.connect() as connection:
                rows = connection.execute(_SESSIONS, [OWN]).fetchall()
        except psycopg.Error:
            return None
        busy = sorted(pid for pid, is_busy in rows if is_busy) or sorted(pid for pid, _ in rows)
        return self.chance.choice(busy) if busy else None

    def _await_database(self) -> None:
        began = time.monotonic()
        await_that(self.database.answers, "the database after its recovery", 60)
        self.outages.append(time.monotonic() - began)


def _signal(pid: int, number: signal.Signals) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False
