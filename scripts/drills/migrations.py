"""Every migration up and down while the shop is open: `python -m scripts.drills.migrations`.

A PostgreSQL of its own gets a million orders at revision 0002. Then each later migration runs, one revision at a time:
up, down again, and up once more, while threads buy, read and keep house on the same tables. Every 20 ms somebody looks
at which statement of theirs waits for a lock, and which table the migration keeps others out of. No statement may wait,
and no such lock be held, for more than a second; no statement may fail, and no wallet lose what was booked meanwhile.
"""

import argparse
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import psycopg

from app.embedded_postgres import with_driver
from app.migrations import alembic_config, migrate
from scripts.drills import old_orders
from scripts.drills.lock_watch import MIGRATION, Found, LockWatch
from scripts.drills.running import PromiseBroken, run, say, show
from scripts.drills.table_load import TableLoad, Tally
from scripts.parts.postgres import new_cluster
from scripts.parts.workspace import workspace

LONGEST = 1.0
"""Seconds a statement may wait for a lock, and a lock be held."""
_HEADINGS = ("revision", "direction", "seconds", "longest hold", "longest wait", "longest statement", "statements/s")
_SERVER = {"shared_buffers": "512MB", "max_wal_size": "8GB", "checkpoint_timeout": "15min", "autovacuum_naptime": "10s"}
_WARM_UP = 1.0
_WRONG_WALLETS = """
    SELECT count(*) FROM accounts
    WHERE balance <> (SELECT COALESCE(sum(amount), 0) FROM entries WHERE account_id = accounts.id)
"""
Migrating = Callable[[str, str, str], None]
"""Takes the address, the direction ("up" or "down") and the revision to come to."""


@dataclass(frozen=True)
class Step:
    """One migration in one direction, and what it meant for the shop meanwhile; times in seconds."""

    revision: str
    direction: str
    seconds: float
    found: Found
    tally: Tally

    def row(self) -> tuple[object, ...]:
        speed = round(self.tally.statements / self.seconds)
        return (
            *(self.revision, self.direction, self.seconds),
            *(self.found.hold, self.found.wait, self.tally.longest, speed),
        )

    def broken(self) -> str:
        """What of the promise this step did not keep, in one line; empty if nothing."""
        where = f"migration {self.revision} {self.direction}"
        if self.found.wait > LONGEST:
            return f"{where} kept a statement waiting for {self.found.wait:.2f} s: {self.found.waiting}"
        if self.found.hold > LONGEST:
            return f"{where} held a lock for {self.found.hold:.2f} s: {self.found.held}"
        if self.tally.faults:
            return f"{where} made {len(self.tally.faults)} statements fail, the first: {self.tally.faults[0]}"
        return ""


def migrate_to(url: str, direction: str, revision: str) -> None:
    """What `alembic upgrade` and `alembic downgrade` do."""
    if direction == "up":
        migrate(with_driver(url), revision)
        return
    from alembic import command

    command.downgrade(alembic_config(with_driver(url)), revision)


def drill(options: argparse.Namespace, migrating: Migrating = migrate_to) -> None:
    """All migrations up, down and up. Raises PromiseBroken with the first that held somebody up."""
    with migrator() as pool, workspace("migrations") as folder, new_cluster(folder / "cluster", **_SERVER) as server:
        url = server.url()
        migrate(with_driver(url), old_orders.REVISION)
        old_orders.fill(url, options.orders, say)
        users = max(options.orders // old_orders.USERS_PER_ORDER, 1)
        with TableLoad(url, users, old_orders.PRODUCTS) as load:
            done: list[Step] = []
            try:
                for revision, direction, target in journey():
                    go = partial(_run_in, pool, migrating, url, direction, target)
                    done.append(measure(url, load, revision, direction, go))
            finally:
                show(_HEADINGS, [step.row() for step in done])
        _check_wallets(url)
    if faults := [fault for step in done if (fault := step.broken())]:
        raise PromiseBroken(faults[0])
    worst = max(max(step.found.wait, step.found.hold) for step in done)
    say(f"\n{len(done)} migrations over {options.orders} orders; the longest hold or wait was {worst:.2f} s.")


def journey() -> Iterator[tuple[str, str, str]]:
    """Each migration with its direction and the revision it leads to: all up, all down, all up."""
    from alembic.script import ScriptDirectory

    found = ScriptDirectory.from_config(alembic_config()).walk_revisions(old_orders.REVISION, "head")
    names = [script.revision for script in reversed(list(found))]
    up = [(name, "up", name) for name in names[1:]]
    down = [(name, "down", before) for before, name in pairwise(names)]
    yield from (*up, *reversed(down), *up)


def measure(url: str, load: TableLoad, revision: str, direction: str, go: Callable[[], None]) -> Step:
    """Let a migration run under the load and look."""
    time.sleep(_WARM_UP)
    load.take_tally()
    with LockWatch(url) as watch:
        began = time.monotonic()
        go()
        seconds = time.monotonic() - began
    step = Step(revision, direction, seconds, watch.found, load.take_tally())
    say(f"{revision} {direction}: {seconds:.1f} s {step.broken()}")
    return step


def _check_wallets(url: str) -> None:
    with psycopg.connect(url) as connection:
        [[wrong]] = connection.execute(_WRONG_WALLETS).fetchall()
    if wrong:
        raise PromiseBroken(f"{wrong} wallets do not have what was booked to them")


@contextmanager
def migrator() -> Iterator[ProcessPoolExecutor]:
    """A process for the migrations, so that they and the load do not share an interpreter."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_become_migrator) as pool:
        yield pool


def _run_in(pool: ProcessPoolExecutor, migrating: Migrating, *where: str) -> None:
    pool.submit(migrating, *where).result()


def _become_migrator() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the drill, which ends the server and thus this
    os.environ["PGAPPNAME"] = MIGRATION


def main(arguments: list[str]) -> int:
    """0 when nobody was held up for more than a second."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--orders", type=int, default=1_000_000)
    return run(drill, parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
