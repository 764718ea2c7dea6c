"""The shop runs through PgBouncer in transaction mode: `python -m scripts.drills.pooler`.

Two web processes of eight threads share four connections to PostgreSQL. The whole test journey walks through them
(shopper, staff, vendor, trolleys, live news), then 64 shoppers buy at once; the same load without the pooler gives the
figure beside it. No answer may be an error, and nothing may be logged as one.
"""

import argparse
import random
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scripts.drills import books, journeys
from scripts.drills.running import PromiseBroken, run, say, show
from scripts.drills.shop import Shop, check_invariants, fill, settings_of
from scripts.drills.shoppers import Crowd
from scripts.parts.pgbouncer import PgBouncer
from scripts.parts.postgres import OWN, Postgres, new_cluster
from scripts.parts.web import Web
from scripts.parts.workspace import workspace

_HEADINGS = ("way", "connections", "shoppers", "requests", "checkouts", "requests/s", "median ms", "p99 ms")
_ERRORS = ("prepared statement", '"level": "ERROR"', "Traceback", "unexpected error")
_CONNECTED = f"""
    SELECT count(*) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND datname = current_database() AND application_name <> '{OWN}'
      AND query <> '' AND query NOT LIKE 'LISTEN%'
"""


@dataclass
class Connections:
    """The most connections the database has seen at one moment, but for those that listen."""

    most: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def watch(self, database: Postgres) -> None:
        with database.connect() as connection:
            while not self._over.wait(0.2):
                row = connection.execute(_CONNECTED).fetchone()
                self.most = max(self.most, row[0] if row else 0)

    def end(self) -> None:
        self._over.set()


@contextmanager
def watched(database: Postgres) -> Iterator[Connections]:
    """Connections counted for the length of a block."""
    seen = Connections()
    watcher = threading.Thread(target=seen.watch, args=(database,), daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        seen.end()
        watcher.join(5)


def drill(options: argparse.Namespace) -> None:
    """Journey and load through the pooler, and the load once more without. Raises PromiseBroken."""
    with workspace("pooler") as folder, new_cluster(folder / "cluster") as database:
        shop = fill(database.url(), folder)
        with PgBouncer(folder, database, pool_size=options.connections) as pooler:
            through = settings_of(
                folder,
                DATABASE_URL=pooler.url(),
                DATABASE_DIRECT_URL=database.url(),
                DB_POOLER="none" if options.unaware else "transaction",
            )
            with Web(folder / "pooled.log", through) as web, watched(database) as seen:
                say("the whole journey: shopper, staff, vendor, trolleys, news ...")
                journeys.walk_all(web.url, database, folder)
                say("checkouts through the pooler ...")
                pooled = ("PgBouncer", *_load(web, database, shop, options, seen))
            _check_log(folder / "pooled.log")
            if seen.most > options.connections:
                raise PromiseBroken(f"{seen.most} connections were open where {options.connections} are allowed")
        with (
            Web(folder / "direct.log", settings_of(folder, DATABASE_URL=database.url())) as web,
            watched(database) as seen,
        ):
            say("the same without it ...")
            direct = ("direct", *_load(web, database, shop, options, seen))
        check_invariants(database.url(), folder)
    show(_HEADINGS, [pooled, direct])
    say("\nNo request failed, no error was logged, news arrived at once; the books agree.")


def _load(
    web: Web, database: Postgres, shop: Shop, options: argparse.Namespace, seen: Connections
) -> tuple[object, ...]:
    """The row of the table that a crowd of shoppers makes."""
    with Crowd(web.url, shop, options.shoppers, seed=random.randrange(2**31), patient=False) as crowd:
        begun, started = len(crowd.journal.seconds), time.monotonic()
        time.sleep(options.seconds)
        with crowd.at_rest(), database.connect() as connection:
            taken = time.monotonic() - started
            crowd.journal.check()
            books.check(connection, crowd.journal.receipts)
        seconds = crowd.journal.seconds[begun:]
    if not crowd.journal.receipts:
        raise PromiseBroken("nothing was bought: the drill has proved nothing")
    median, p99 = statistics.median(seconds), statistics.quantiles(seconds, n=100)[98]
    rate = len(seconds) / taken
    return (seen.most, options.shoppers, len(seconds), len(crowd.journal.receipts), rate, median * 1000, p99 * 1000)


def _check_log(log: Path) -> None:
    """Raise PromiseBroken with the first line that tells of an error."""
    for line in log.read_text(errors="replace").splitlines():
        if any(word in line for word in _ERRORS):
            raise PromiseBroken(f"the web logged an error: {line[:300]}")


def main(arguments: list[str]) -> int:
    """0 when everything works through the pooler."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shoppers", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=20, help="of load, each way")
    parser.add_argument("--connections", type=int, default=4, help="of the pooler to PostgreSQL")
    parser.add_argument("--unaware", action="store_true", help="do not tell the web of the pooler: it will fail")
    return run(drill, parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
