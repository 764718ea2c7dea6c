"""One run from the first server to the last comparison."""

import argparse
import random
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

from scripts.chaos import accounts, checks
from scripts.chaos.cast import assemble
from scripts.chaos.crowd import Crowd
from scripts.chaos.kills import Killer, deck
from scripts.chaos.provider import Provider
from scripts.chaos.record import Record
from scripts.chaos.report import tell
from scripts.chaos.stage import Stage, set_up
from scripts.chaos.web import ChaosWeb
from scripts.chaos.worker import Sweeper
from scripts.drills.running import PromiseBroken, say
from scripts.drills.shop import check_invariants, settings_of
from scripts.parts.postgres import Postgres, new_cluster
from scripts.parts.workspace import workspace
from scripts.ports import free_port

SETTLE_SECONDS = 60.0
_GIVE_UP_SECONDS = 300.0
_OPEN = """
    SELECT now(), operations.id, kind, state, operations.amount, attempts, operations.created_at,
           operations.updated_at, next_at, orders.id, orders.status, pay_deadline, reference, failure_code
    FROM payment_operations AS operations JOIN payments ON payments.id = payment_id
    JOIN orders ON orders.id = order_id WHERE state IN ('created', 'sent', 'unknown', 'manual')
"""
_NO_CHECKS = {"SPOT_CHECK_SHARE": "0", "SPOT_CHECK_NEW_SHOPPER_SHARE": "0"}


def perform(options: argparse.Namespace) -> None:
    """All of it. Raises PromiseBroken with what does not agree and the seed."""
    say(f"seed {options.seed}: {options.checkouts} checkouts, {options.kills} kills")
    try:
        with workspace("chaos") as folder, new_cluster(folder / "cluster") as database:
            try:
                _perform(options, folder, database)
            finally:
                if options.logs:
                    _keep_logs(folder, options.logs, database)
    except PromiseBroken as broken:
        raise PromiseBroken(f"{broken} (seed {options.seed})") from None


def _keep_logs(folder: Path, kept: Path, database: Postgres) -> None:
    kept.mkdir(parents=True, exist_ok=True)
    for log in (*folder.glob("*.log"), *folder.glob("*.journal")):
        shutil.copy(log, kept)
    with database.connect() as connection, (kept / "undecided.txt").open("w") as output:
        for row in connection.execute(_OPEN):
            print(*row, file=output)


def _perform(options: argparse.Namespace, folder: Path, database: Postgres) -> None:
    stage = set_up(database, folder, options.checkouts)
    port = free_port()
    chance = random.Random(f"{options.seed}:kills")
    with Provider(folder, f"http://127.0.0.1:{port}", seed=options.seed, latency=options.latency) as provider:
        more = {"DATABASE_URL": database.url(), "BACKGROUND": "off", **_NO_CHECKS}
        settings = settings_of(folder, **more, **provider.settings())
        with (
            ChaosWeb(folder / "web.log", settings, port=port, wrong=options.wrong) as web,
            Sweeper(folder / "sweeper.log", settings) as sweeper,
        ):
            record = Record(options.checkouts)
            killer = Killer(web, sweeper, database, provider, chance)
            began = time.monotonic()
            settled = _play(options, record, stage, killer)
            books = provider.books()
        with database.connect() as connection:
            kept, for_people = accounts.read(connection), accounts.left_to_people(connection)
    found = checks.compare(record, kept, books["intents"], stage)
    tell(record, killer, books, found, settled=settled, seconds=time.monotonic() - began)
    _judge(found, for_people, books, settled)
    check_invariants(database.url(), folder)


def _play(options: argparse.Namespace, record: Record, stage: Stage, killer: Killer) -> float:
    """Everybody at work, servers dying, then peace; seconds until all is settled, see `_settle`."""
    cast = assemble(killer.web.url, record, stage, options.seed)
    with Crowd(record, cast.buyers, cast.helpers) as crowd:
        killer.provider.trouble(on=True)
        record.last_call = time.monotonic() + 60 * options.minutes
        _kill_all(options, record, crowd, killer)
        while crowd.is_buying() and record.goes_on():
            time.sleep(0.1)
        killer.provider.trouble(on=False)
        settled = _settle(record, crowd, killer.database)
        record.balances = {neighbour.name: neighbour.balance() for neighbour in cast.neighbours}
        return settled


def _settle(record: Record, crowd: Crowd, database: Postgres) -> float:
    """Wait until nobody waits for anything; the seconds it took the payments that were open at the last fault.

    What people begin after it must be settled as soon. Raises PromiseBroken for what a client was answered wrongly.
    """
    say(f"the last fault is over: {record.done} checkouts done")
    peace, moment = time.monotonic(), datetime.now(UTC)
    settled = _await_settlement(database, moment) - peace
    while crowd.is_buying():
        time.sleep(0.05)
    crowd.end_helpers()
    if record.faults:
        raise PromiseBroken(f"{len(record.faults)} clients met what nobody should, the first: {record.faults[0]}")
    quiet = time.monotonic()
    return max(settled, _await_settlement(database) - quiet)


def _kill_all(options: argparse.Namespace, record: Record, crowd: Crowd, killer: Killer) -> None:
    """Spread over the checkouts and the time there is, each kill at a random moment of its share."""
    each, began, share = options.checkouts / max(1, options.kills), time.monotonic(), 60 * options.minutes
    for number, kind in enumerate(deck(options.kills, killer.chance)):
        due = (number + killer.chance.random() * 0.8) * each
        while record.done < due and crowd.is_buying() and time.monotonic() < began + share * due / options.checkouts:
            time.sleep(0.02)
        if record.faults:
            return
        killer.kill(kind)
        if killer.chance.random() < 0.3:
            killer.hide_provider()
        if options.kills < 20 or number % 10 == 9:
            say(f"{record.done} checkouts, {number + 1} kills, the last: {kind}")


def _await_settlement(database: Postgres, until: datetime | None = None) -> float:
    """The moment nothing was undecided any more. Raises PromiseBroken when that does not come."""
    give_up = time.monotonic() + _GIVE_UP_SECONDS
    with database.connect() as connection:
        while accounts.undecided(connection, until):
            if time.monotonic() > give_up:
                raise PromiseBroken(f"{accounts.undecided(connection, until)} payments stay undecided")
            time.sleep(0.1)
    return time.monotonic()


def _judge(found: checks.Findings, for_people: int, books: dict[str, list[str]], settled: float) -> None:
    if found.counts:
        raise PromiseBroken(found.said())
    if for_people:
        raise PromiseBroken(f"{for_people} payments were left to people to sort out")
    if books["misused_keys"]:
        raise PromiseBroken(f"an idempotency key was sent with two different requests: {books['misused_keys'][0]}")
    if settled > SETTLE_SECONDS:
        raise PromiseBroken(f"the last payment was settled {settled:.0f} s after the last fault")
