"""No acknowledged order is lost when the primary dies: `python -m scripts.drills.failover`.

A primary with a synchronous standby, gunicorn, and shoppers who buy without a pause. In each round the primary is
killed at a random moment, the standby is promoted, gunicorn finds it by itself, and the shoppers repeat what was not
answered under the same keys. In every other round the standby is away when the primary dies: commits are waiting for it
then that are on the primary's disk only. Afterwards every order any shopper ever got an answer for must be there, with
its total and one hold at the provider. Then a new standby is made from the new primary.
"""

import argparse
import random
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.drills import books
from scripts.drills.running import PromiseBroken, run, say, show
from scripts.drills.shop import Shop, check_invariants, fill, settings_of
from scripts.drills.shoppers import Crowd
from scripts.parts.child import await_that
from scripts.parts.postgres import DATABASE, Postgres, new_cluster, standby_of
from scripts.parts.web import Web
from scripts.parts.workspace import workspace
from scripts.ports import free_port

_STANDBY = "standby"
_HEADINGS = ("round", "standby", "receipts", "repeated", "promoted s", "first order s", "lost")
_IMPATIENT = "target_session_attrs=read-write&connect_timeout=3&tcp_user_timeout=10000"


@dataclass(frozen=True)
class Round:
    """What one round came to; times in seconds after the kill."""

    number: int
    standby: str
    receipts: int
    repeated: int
    promoted: float
    first_order: float

    def row(self) -> tuple[object, ...]:
        return (self.number, self.standby, self.receipts, self.repeated, self.promoted, self.first_order, 0)


class Pair:
    """A primary and its standby, on two ports that they take in turn."""

    def __init__(self, folder: Path, *, synchronous: bool) -> None:
        self._folder, self._synchronous = folder, synchronous
        self._count = 1
        self.primary = new_cluster(folder / "cluster-1")
        self.standby: Postgres | None = None
        self._ports = (self.primary.port, free_port())

    def url(self) -> str:
        """The address by which libpq finds whichever of the two takes writes."""
        hosts, ports = ",".join(["127.0.0.1"] * 2), ",".join(map(str, self._ports))
        who = f"postgres:{self.primary.password}"
        return f"postgresql://{who}@/{DATABASE}?host={hosts}&port={ports}&{_IMPATIENT}"

    def add_standby(self) -> None:
        """Copy the primary, follow it, and from now on have each commit wait for the copy to have it on disk."""
        self._count += 1
        self.standby = standby_of(self.primary, self._folder / f"cluster-{self._count}", _STANDBY)
        self.standby.port = next(port for port in self._ports if port != self.primary.port)
        self.standby.start()
        await_that(lambda: self._states("streaming", "state"), "streaming")
        if self._synchronous:
            self.primary.configure(synchronous_standby_names=_STANDBY)
            await_that(lambda: self._states("sync", "sync_state"), "synchronous replication")
            await_that(self._commits_wait, "commits that wait for the standby")

    def promote(self) -> float:
        """Let the standby take the place of the dead primary; answers when it had."""
        assert self.standby is not None
        self.standby.promote()
        promoted = time.monotonic()
        dead, self.primary, self.standby = self.primary, self.standby, None
        shutil.rmtree(dead.folder)
        return promoted

    def stop(self) -> None:
        for server in (self.standby, self.primary):
            if server is not None:
                server.kill()

    def _states(self, wanted: str, column: str) -> bool:
        query = f"SELECT {column} FROM pg_stat_replication WHERE application_name = %s"
        return bool(self.primary.ask(query, _STANDBY) == wanted)

    def _commits_wait(self) -> bool:
        """Whether what is committed now is on the standby's disk when the commit returns; and thus all before it."""
        with self.primary.connect() as connection:
            connection.execute("SELECT pg_logical_emit_message(true, 'drill', '')")
            row = connection.execute(
                "SELECT flush_lsn >= pg_current_wal_flush_lsn() FROM pg_stat_replication WHERE sync_state = 'sync'"
            ).fetchone()
        return bool(row and row[0])


@contextmanager
def pair_in(folder: Path, *, synchronous: bool) -> Iterator[Pair]:
    """The two servers for the length of a block."""
    pair = Pair(folder, synchronous=synchronous)
    try:
        yield pair
    finally:
        pair.stop()


def drill(options: argparse.Namespace) -> None:
    """All rounds. Raises PromiseBroken with the first receipt that does not hold."""
    say(f"seed {options.seed}: {options.rounds} rounds, {options.shoppers} shoppers")
    chance = random.Random(options.seed)
    with workspace("failover") as folder, pair_in(folder, synchronous=not options.asynchronous) as pair:
        shop = fill(pair.primary.url(), folder)
        with (
            Web(folder / "web.log", settings_of(folder, DATABASE_URL=pair.url())) as web,
            Crowd(web.url, shop, options.shoppers, seed=options.seed) as crowd,
        ):
            rounds = [_round(number, pair, crowd, chance) for number in range(1, options.rounds + 1)]
            _check_all(pair, crowd, folder, shop)
        show(_HEADINGS, [one.row() for one in rounds])
        outages = sorted(one.first_order for one in rounds)
        say(f"\n{len(crowd.journal.receipts)} acknowledged orders, 0 lost, none charged twice; the books agree.")
        say(f"From the kill to the next order: median {outages[len(outages) // 2]:.2f} s, longest {outages[-1]:.2f} s.")


def _round(number: int, pair: Pair, crowd: Crowd, chance: random.Random) -> Round:
    """One death of the primary; the shop is whole again afterwards, but for a standby that the next round adds."""
    pair.add_standby()
    assert pair.standby is not None
    repeated = crowd.journal.unanswered.total()
    known = len(crowd.journal.receipts)
    is_away = number % 2 == 0
    time.sleep(chance.uniform(0.5, 2.5))
    if is_away:
        pair.standby.kill()
        time.sleep(chance.uniform(0.2, 1.0))
    killed = time.monotonic()
    pair.primary.kill()
    if is_away:
        pair.standby.start()
    promoted = pair.promote()
    await_that(lambda: crowd.journal.first_after(promoted) is not None, "the first order after a failover", 60)
    with crowd.at_rest(), pair.primary.connect() as connection:
        books.check(connection, crowd.journal.receipts)
        crowd.journal.check()
    first = crowd.journal.first_after(promoted)
    assert first is not None
    done = Round(
        number,
        "away" if is_away else "follows",
        len(crowd.journal.receipts) - known,
        crowd.journal.unanswered.total() - repeated,
        promoted - killed,
        promoted - killed + first,
    )
    say(f"round {number}: first order {done.first_order:.2f} s after the kill, {len(crowd.journal.receipts)} receipts")
    return done


def _check_all(pair: Pair, crowd: Crowd, folder: Path, shop: Shop) -> None:
    with crowd.at_rest(), pair.primary.connect() as connection:
        books.check(connection, crowd.journal.receipts)
        crowd.journal.check()
        check_invariants(pair.primary.url(), folder)
    if not shop.products or not crowd.journal.receipts:
        raise PromiseBroken("nothing was bought: the drill has proved nothing")


def main(arguments: list[str]) -> int:
    """0 when no acknowledged order was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--shoppers", type=int, default=12)
    parser.add_argument(
        "--seed", type=int, default=random.randrange(2**31), help="repeats the moments of an earlier run"
    )
    parser.add_argument("--asynchronous", action="store_true", help="do not wait for the standby: orders will be lost")
    return run(drill, parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
