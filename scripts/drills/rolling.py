"""No request fails while gunicorn is restarted under load: `python -m scripts.drills.rolling`.

Shoppers buy over kept-alive and fresh connections; some think for seconds on an idle one. Meanwhile all workers are
replaced (SIGHUP), and the whole server is (SIGUSR2: a new master with the code on disk takes over the sockets, the old
one ends), again and again. A connection that is refused, reset or closed without an answer is a failed request.
"""

import argparse
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from scripts.drills import books
from scripts.drills.running import PromiseBroken, run, say, show
from scripts.drills.shop import check_invariants, fill, settings_of
from scripts.drills.shoppers import Crowd, Journal
from scripts.parts.child import await_that
from scripts.parts.postgres import new_cluster
from scripts.parts.web import Web
from scripts.parts.workspace import workspace

_HEADINGS = ("what", "times", "requests", "checkouts", "failed", "slowest s", "seconds")
_SECONDS = 120.0
_CALM = 3.0
"""Seconds of load before and after each restart; longer than a stopping worker keeps an idle connection (2 s)."""


@dataclass(frozen=True)
class Seen:
    """What the shoppers met during one kind of restart."""

    what: str
    times: int
    requests: int
    checkouts: int
    slowest: float
    seconds: float

    def row(self) -> tuple[object, ...]:
        return (self.what, self.times, self.requests, self.checkouts, 0, self.slowest, self.seconds)


class Gunicorn:
    """The server that is under load, whichever process leads it."""

    def __init__(self, web: Web) -> None:
        self.master = psutil.Process(web.pid)

    def reload(self) -> None:
        """Replace the workers; returns once the old ones have ended."""
        old = self.master.children()
        os.kill(self.master.pid, signal.SIGHUP)
        await_that(lambda: not any(map(_lives, old)), "the end of the old workers", _SECONDS)
        if not self.master.children():
            raise PromiseBroken("the server has no workers after SIGHUP")

    def replace(self) -> None:
        """Replace master and workers; returns once the old ones have ended."""
        old = [self.master, *self.master.children()]
        os.kill(self.master.pid, signal.SIGUSR2)
        await_that(lambda: self._heirs(old), "a new master", _SECONDS)
        heir = self._heirs(old)[0]
        await_that(lambda: not any(map(_lives, old)) or not _lives(heir), "the end of the old master", _SECONDS)
        if not _lives(heir):
            raise PromiseBroken("the new master did not come up")
        self.master = heir

    def _heirs(self, known: list[psutil.Process]) -> list[psutil.Process]:
        """Masters this one has begun: children that are no workers of its own, and have some."""
        return [child for child in self.master.children() if child not in known and child.children()]


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def drill(options: argparse.Namespace) -> None:
    """All restarts. Raises PromiseBroken with the first request that failed."""
    say(f"seed {options.seed}: {options.restarts} restarts of each kind, {options.shoppers} shoppers")
    with workspace("rolling") as folder, new_cluster(folder / "cluster") as database:
        shop = fill(database.url(), folder)
        with (
            Web(folder / "web.log", settings_of(folder, DATABASE_URL=database.url())) as web,
            Crowd(web.url, shop, options.shoppers, seed=options.seed, patient=False, fresh=0.3, thinking=4.0) as crowd,
        ):
            server = Gunicorn(web)
            kinds = (("no restart", lambda: None), ("SIGHUP", server.reload), ("SIGUSR2", server.replace))
            seen = [_seen(what, restart, options.restarts, crowd.journal) for what, restart in kinds]
            with crowd.at_rest(), database.connect() as connection:
                crowd.journal.check()
                books.check(connection, crowd.journal.receipts)
        check_invariants(database.url(), folder)
    show(_HEADINGS, [one.row() for one in seen])


def _seen(what: str, restart: Callable[[], None], times: int, journal: Journal) -> Seen:
    """Restart again and again, with some load before and after each."""
    requests, checkouts, started = len(journal.seconds), len(journal.receipts), time.monotonic()
    time.sleep(_CALM)
    for number in range(1, times + 1):
        restart()
        time.sleep(_CALM)
        journal.check()
        say(f"{what} {number}: {len(journal.seconds) - requests} requests, 0 failed")
    taken = journal.seconds[requests:]
    return Seen(
        what, times, len(taken), len(journal.receipts) - checkouts, max(taken, default=0), time.monotonic() - started
    )


def main(arguments: list[str]) -> int:
    """0 when no request failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--restarts", type=int, default=10, help="of each kind")
    parser.add_argument("--shoppers", type=int, default=12)
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    return run(drill, parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
