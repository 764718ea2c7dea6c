"""There is no room: PostgreSQL cannot let its files grow, the log cannot be written.

No test may fill a disk of the machine it runs on. A limit on the size of files (RLIMIT_FSIZE), set from outside on the
running server, has the same calls of the system fail as a full disk does, and is taken back as easily.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from scripts.parts.workspace import other_user
from tests.failures.house import House, beside
from tests.programs import program

pytestmark = pytest.mark.alone

LOG_SEGMENT = 16 * 2**20
"""Bytes of a piece of PostgreSQL's own log, which must fit: a server that cannot write it ends."""

EACH = 'limit=$1; shift; for pid; do "$0" "$limit" --pid "$pid" || ! kill -0 "$pid" || exit 1; done'

GROW = """
    INSERT INTO audit_events (entity_type, entity_id, action, context)
    SELECT 'test', number, 'GROW', jsonb_build_object('filling', repeat('x', 900))
    FROM generate_series(1, 25000) AS number
"""
LAST_ROOM = "INSERT INTO audit_events (entity_type, entity_id, action) VALUES ('test', 1, 'GROW')"

MOST_ROOM = 20_000
"""Lines that are far more than a full audit trail can take."""


@pytest.fixture
def large_house(house: House) -> House:
    """A house whose audit trail fills more than a piece of PostgreSQL's log."""
    with house.postgres.connect() as connection:
        if connection.execute("SELECT pg_relation_size('audit_events')").fetchone() < (LOG_SEGMENT,):
            connection.execute(GROW)
            connection.execute("CHECKPOINT")
    return house


def test_without_room_reads_go_on_writes_are_refused_and_nothing_is_half_done(large_house: House) -> None:
    house = large_house
    shopper = house.shopper()
    before = house.postgres.ask("SELECT count(*) FROM orders")

    with no_room(house):
        page, basket, orders = house.browse(), shopper.ask("GET", "/cart"), shopper.ask("GET", "/orders")
        refused = [shopper.confirm() for _ in range(3)]
        alive, ready = house.get("/livez"), house.get("/readyz")
        during = house.postgres.ask("SELECT count(*) FROM orders")
    writing = house.first_success(shopper.confirm)

    assert {answer.status for answer in (page, basket, orders, alive, ready)} == {200}
    assert {(answer.status, answer.code) for answer in refused} == {(503, "STORAGE_FULL")}
    assert max(answer.seconds for answer in (page, basket, orders, *refused)) < 3
    assert during == before
    assert writing < 3
    assert len(shopper.orders()) == 1
    assert house.outside.holds(shopper.bought()["payment_reference"]) == 1


def test_a_log_that_cannot_be_written_costs_no_request(house: House) -> None:
    with beside(house, Path("/dev/full"), LOG_LEVEL="INFO") as alone:
        answers = [alone.browse() for _ in range(50)]

    assert {answer.status for answer in answers} == {200}
    assert max(answer.seconds for answer in answers) < 3


@contextmanager
def no_room(house: House) -> Iterator[None]:
    """For the length of a block no file of PostgreSQL's grows beyond what the audit trail has now, and that is full.

    A page of it takes nothing more once a tenth is used, and VACUUM makes known which pages have less than that. Else
    a VACUUM of the server's own, which may come at any moment, would find room that nobody knew of.
    """
    with house.postgres.connect() as connection:
        connection.execute("ALTER TABLE audit_events SET (fillfactor = 10)")
        limit(house, house.postgres.ask("SELECT pg_relation_size('audit_events')"))
        try:
            connection.execute("VACUUM (TRUNCATE false) audit_events")
            with pytest.raises(psycopg.Error, match="could not extend file"):
                fill_up(connection)
            yield
        finally:
            limit(house, "unlimited")
            connection.execute("ALTER TABLE audit_events RESET (fillfactor)")


def fill_up(connection: "psycopg.Connection[Any]") -> None:
    """Write until the server refuses, which raises."""
    for _ in range(MOST_ROOM):
        connection.execute(LAST_ROOM)


def limit(house: House, size: int | str) -> None:
    """First of the server, whose children are born with it, then of those that are there."""
    server = psutil.Process(house.postgres.pid)
    limit_all([server], size)
    limit_all(server.children(), size)


def limit_all(processes: list[psutil.Process], size: int | str) -> None:
    """By the server's own user: root may not. A child may have ended meanwhile."""
    numbers = [str(process.pid) for process in processes]
    command = ["/bin/sh", "-c", EACH, program("prlimit", "util-linux"), f"--fsize={size}:", *numbers]
    done = subprocess.run(command, user=other_user(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
