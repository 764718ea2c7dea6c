"""The drill of migrations under load: it passes over ours, and sees one that keeps people waiting."""

import argparse
import re
import time
from dataclasses import replace
from functools import partial
from itertools import pairwise

import psycopg
import pytest

from app.migrations import newest_revision
from scripts.drills import migrations, old_orders
from scripts.drills.lock_watch import Found
from scripts.drills.migrations import Step, drill, journey, main
from scripts.drills.running import run
from scripts.drills.table_load import Tally

pytestmark = pytest.mark.alone

KEPT = Step("0003", "up", 2.0, Found(wait=0.3, hold=0.3, looks=90), Tally(statements=2000, longest=0.4))
BEFORE = old_orders.REVISION
OPTIONS = argparse.Namespace(orders=3000)


HELD = {"0003": "orders IN ACCESS EXCLUSIVE MODE", "0004": "slot_bookings IN SHARE MODE"}
"""The first is what everybody writes to, the second what nobody wants."""


def hold(url: str, direction: str, revision: str) -> None:
    """What a migration does that has to look through all rows of a table."""
    with psycopg.connect(url) as connection:
        connection.execute(f"LOCK TABLE {HELD[revision]}")
        time.sleep(1.5)


def test_the_journey_goes_all_the_way_up_down_and_up_again() -> None:
    way = list(journey())

    third = len(way) // 3
    up, down, again = way[:third], way[third : 2 * third], way[2 * third :]
    assert (up[0], up[-1]) == (("0003", "up", "0003"), (newest_revision(), "up", newest_revision()))
    assert again == up
    assert [name for name, _, _ in down] == [name for name, _, _ in reversed(up)]
    assert all(lower[0] == target for (_, _, target), lower in pairwise(down))
    assert down[-1] == ("0003", "down", BEFORE)


def test_a_step_within_its_bounds_breaks_nothing() -> None:
    assert KEPT.broken() == ""
    assert KEPT.row() == ("0003", "up", 2.0, 0.3, 0.3, 0.4, 1000)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (replace(KEPT, found=Found(wait=1.01, waiting="RowExclusiveLock on orders")), "waiting for 1.01 s: RowExcl"),
        (replace(KEPT, found=Found(hold=1.2, held="ShareLock on orders")), "held a lock for 1.20 s: ShareLock on"),
        (replace(KEPT, tally=Tally(faults=["CheckViolation: x", "y"])), "2 statements fail, the first: CheckViolation"),
    ],
)
def test_a_step_out_of_its_bounds_says_what_it_broke(step: Step, said: str) -> None:
    assert said in step.broken()


@pytest.mark.timeout(600)
def test_a_small_shop_is_migrated_up_and_down_while_it_sells(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    there_and_back = [
        ("0003", "up", "0003"),
        ("0004", "up", "0004"),
        ("0004", "down", "0003"),
        ("0003", "down", BEFORE),
    ]
    monkeypatch.setattr(migrations, "journey", lambda: iter(there_and_back))

    code = main(["--orders", str(OPTIONS.orders)])

    printed = capfd.readouterr()
    assert (code, printed.err) == (0, "")
    assert "4 migrations over 3000 orders" in printed.out
    table = [line.split() for line in printed.out.splitlines() if line.startswith("000") and ":" not in line]
    assert [line[:2] for line in table] == [[name, direction] for name, direction, _ in there_and_back]
    assert all(int(line[-1]) > 10 for line in table)


@pytest.mark.timeout(600)
def test_a_migration_that_holds_a_table_for_long_is_caught(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(migrations, "journey", lambda: iter((name, "up", name) for name in HELD))

    code = run(partial(drill, migrating=hold), OPTIONS)

    printed = capfd.readouterr()
    [line] = printed.err.splitlines()
    assert code == 1
    assert re.fullmatch(
        r"aisle: migration 0003 up kept a statement waiting for (?:1\.[4-9]|[2-4]\.\d)\d s: \w+ on orders: .+", line
    )
    assert re.search(r"migration 0004 up held a lock for [1-4]\.\d\d s: ShareLock on slot_bookings", printed.out)
