"""A backup brings back every row of a chosen moment: `python -m scripts.drills.restore`.

While shoppers buy, a base backup is made and the write-ahead log is archived. At a noted moment, which gets a name and
a time, the content of every table is kept; then more is bought, and somebody drops the orders. From backup and
archive alone the database is brought back twice, to the name and to the time, and compared row for row.
"""

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.drills import books, snapshots
from scripts.drills.running import PromiseBroken, run, say, show
from scripts.drills.shop import check_invariants, fill, settings_of
from scripts.drills.shoppers import Crowd, Receipt
from scripts.drills.snapshots import Content
from scripts.parts.child import await_that
from scripts.parts.postgres import Postgres, new_cluster, run_program
from scripts.parts.web import Web
from scripts.parts.workspace import private_folder, workspace

_POINT = "before_the_disaster"
_HEADINGS = ("restored to", "tables", "rows", "orders", "seconds", "differences")
_DISASTER = "DROP TABLE orders CASCADE"
_ARCHIVED = "SELECT last_archived_wal >= %s FROM pg_stat_archiver"
_RECOVERY_SECONDS = 600.0


@dataclass(frozen=True)
class Moment:
    """What the shop held when it was noted, and what it had acknowledged by then."""

    time: str
    content: Mapping[str, Content]
    receipts: list[Receipt]


class Archive:
    """A base backup and the log since, in folders that outlive the server."""

    def __init__(self, folder: Path) -> None:
        self.log, self.base = private_folder(folder / "archive"), folder / "base"

    def settings(self) -> dict[str, str]:
        """Those of the server whose log is kept."""
        command = f"test ! -f {self.log}/%f && cp %p {self.log}/%f.new && mv {self.log}/%f.new {self.log}/%f"
        return {"archive_mode": "on", "archive_command": command}

    def back_up(self, server: Postgres) -> float:
        """Copy a running server; answers the seconds it took. What happens meanwhile is in the log."""
        started = time.monotonic()
        private_folder(self.base)
        run_program(
            "pg_basebackup", "-D", str(self.base), "-d", server.url(""), "-X", "none", "-c", "fast", "--no-sync"
        )
        return time.monotonic() - started

    def complete(self, server: Postgres) -> None:
        """Wait until all that is written so far is in the archive."""
        last = server.ask("SELECT pg_walfile_name(pg_current_wal_lsn())")
        server.ask("SELECT pg_switch_wal()")
        await_that(lambda: server.ask(_ARCHIVED, last), "the archiving of the log", 120)

    def restored(self, folder: Path, password: str, **target: str) -> Postgres:
        """A new server on a copy of the backup, brought to the target and open for writes."""
        subprocess.run(["cp", "-a", str(self.base), str(folder)], check=True)
        (folder / "recovery.signal").touch()
        recovery = {"restore_command": f"cp {self.log}/%f %p", "recovery_target_action": "promote", **target}
        server = Postgres(folder, password, recovery)
        server.start_seconds = _RECOVERY_SECONDS
        server.start()
        await_that(lambda: not server.ask("SELECT pg_is_in_recovery()"), "the end of recovery", _RECOVERY_SECONDS)
        return server


def drill(options: argparse.Namespace) -> None:
    """Back up, note, destroy, restore, compare. Raises PromiseBroken with the first table that differs."""
    with workspace("restore") as folder:
        archive = Archive(folder)
        with new_cluster(folder / "cluster", **archive.settings()) as server:
            moment, backup = _live_through(server, archive, folder, options)
            password = server.password
            server.kill()
        rows = [
            _restore(archive, folder, password, moment, "the name", recovery_target_name=_POINT),
            _restore(archive, folder, password, moment, "the time", recovery_target_time=moment.time),
        ]
        size = sum(file.stat().st_size for file in archive.base.rglob("*") if file.is_file()) / 2**20
    show(_HEADINGS, rows)
    say(f"\nBase backup of {size:.0f} MB under load: {backup:.1f} s. Every row is as it was, and the books agree.")


def _live_through(
    server: Postgres, archive: Archive, folder: Path, options: argparse.Namespace
) -> tuple[Moment, float]:
    """The life of the shop from its opening to the disaster; answers the noted moment and the seconds of the backup."""
    shop = fill(server.url(), folder)
    # Nothing but the shoppers writes, so that the noted moment is exact.
    settings = settings_of(folder, DATABASE_URL=server.url(), BACKGROUND="off")
    with Web(folder / "web.log", settings) as web, Crowd(web.url, shop, options.shoppers, seed=options.seed) as crowd:
        time.sleep(options.seconds / 3)
        backup = archive.back_up(server)
        say(f"base backup made in {backup:.1f} s under load")
        time.sleep(options.seconds / 3)
        with crowd.at_rest():
            moment = _noted(server, list(crowd.journal.receipts))
        say(f"noted {sum(one.rows for one in moment.content.values())} rows, {len(moment.receipts)} orders")
        time.sleep(options.seconds / 3)
        with crowd.at_rest():
            crowd.journal.check()
            bought = len(crowd.journal.receipts) - len(moment.receipts)
            with server.connect() as connection:
                connection.execute(_DISASTER)
            say(f"{bought} more orders, then a disaster: {_DISASTER}")
            archive.complete(server)
    if not bought or not moment.receipts:
        raise PromiseBroken("nothing was bought before or after the noted moment: the drill has proved nothing")
    return moment, backup


def _noted(server: Postgres, receipts: list[Receipt]) -> Moment:
    """This moment, named in the log; nobody may write meanwhile, which is checked."""
    content = snapshots.take(server.url())
    server.ask("SELECT pg_create_restore_point(%s)", _POINT)
    now = str(server.ask("SELECT clock_timestamp()"))
    if snapshots.take(server.url()) != content:
        raise PromiseBroken("somebody wrote while the moment was noted")
    return Moment(now, content, receipts)


def _restore(
    archive: Archive, folder: Path, password: str, moment: Moment, what: str, **target: str
) -> tuple[object, ...]:
    """One restored server against the noted moment; a row of the table."""
    started = time.monotonic()
    server = archive.restored(folder / f"restored-{next(iter(target))}", password, **target)
    seconds = time.monotonic() - started
    try:
        found = snapshots.take(server.url())
        if different := list(snapshots.differences(moment.content, found)):
            raise PromiseBroken(f"restored to {what}: {len(different)} tables differ, the first: {different[0]}")
        with server.connect() as connection:
            books.check(connection, moment.receipts)
        check_invariants(server.url(), folder)
    finally:
        server.kill()
    say(f"restored to {what} in {seconds:.1f} s: all {len(found)} tables are the same")
    return (what, len(found), sum(one.rows for one in found.values()), found["orders"].rows, seconds, 0)


def main(arguments: list[str]) -> int:
    """0 when every row came back."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shoppers", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=30, help="of load")
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    return run(drill, parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
