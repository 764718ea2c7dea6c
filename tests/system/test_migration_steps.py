"""Migrations of a shop at work: the same database as a new one, whatever was cut off, and nobody kept waiting."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import IntegrityError

from alembic import command
from app import migration_steps as steps
from app.config import PROJECT
from app.migrations import alembic_config, migrate
from tests import databases
from tests.system.test_migrations import COLUMNS, CONSTRAINTS, INDEXES

BEFORE = "0002"
"""Later revisions find a shop that has something to lose."""
TRIGGERS = "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
FUNCTIONS = "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
BROKEN_INDEXES = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"
ROWS = """
    INSERT INTO users (email, full_name) VALUES ('dana@example.com', 'Dana Levi');
    INSERT INTO stock_locations (kind, name, address) VALUES ('WAREHOUSE', 'Carmel', '1 Market Street');
    INSERT INTO categories (name) VALUES ('Dairy');
    INSERT INTO products (category_id, name, sku, price) VALUES (1, 'Milk', 'MILK', 7.50);
    INSERT INTO audit_events (entity_type, action, request_id) VALUES ('user', 'seen', 'a'), ('user', 'seen', 'b');
    INSERT INTO outbox (topic, aggregate, payload) VALUES ('seen', 'user:1', '{}');
    INSERT INTO carts (user_id, status) VALUES (1, 'CHECKED_OUT');
    INSERT INTO orders (order_number, user_id, cart_id, channel, stock_location_id, status, fulfillment_type, currency,
                        items_total, tax_total, total_amount, pay_deadline)
    VALUES ('ORD-1', 1, 1, 'DELIVERY_OR_PICKUP', 1, 'CREATED', 'PICKUP', 'ILS', 10, 0, 10, now());
    INSERT INTO order_items (order_id, product_id, name, sku, unit, sold_by, unit_price, quantity, line_total,
                             tax_rate, tax_amount)
    VALUES (1, 1, 'Milk', 'MILK', 'each', 'PIECE', 5, 2, 10, 0, 0);
"""


@contextmanager
def connected(url: str) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


def schema(url: str) -> set[tuple[Any, ...]]:
    """Everything of the schema, as text."""
    with connected(url) as connection:
        catalogs = (COLUMNS, CONSTRAINTS, INDEXES, TRIGGERS, FUNCTIONS, BROKEN_INDEXES)
        return {row for catalog in catalogs for row in connection.execute(catalog)}


def revision(url: str) -> str:
    with connected(url) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert row is not None
    return str(row[0])


@pytest.fixture
def selling() -> Iterator[str]:
    """A shop of the revision before, with a row or two in the tables that later revisions change."""
    url = databases.clone("template0")
    migrate(url, BEFORE)
    with connected(url) as connection:
        connection.execute(ROWS)
    yield url
    databases.drop(url)


@pytest.fixture(scope="module")
def new_shop() -> Iterator[set[tuple[Any, ...]]]:
    """The schema of a database that was migrated in one go, before anybody used it."""
    url = databases.clone("template0")
    migrate(url)
    yield schema(url)
    databases.drop(url)


class CutOff(Exception):
    """The process is gone."""


def cut_off_everywhere(monkeypatch: pytest.MonkeyPatch, url: str, go: Callable[[], None], every: int = 9) -> int:
    """Run migrations that end after some steps, again and again and each time later, until they come through."""
    cuts, steps_until_cut, at = 0, every, revision(url)
    insist = steps._insist
    while True:
        left = [steps_until_cut]

        def insist_until_cut(action: Callable[[], object], left: list[int] = left) -> None:
            insist(action)
            left[0] -= 1
            if left[0] == 0:
                raise CutOff

        try:
            with monkeypatch.context() as cutting:
                cutting.setattr(steps, "_insist", insist_until_cut)
                go()
        except CutOff:
            cuts += 1
            steps_until_cut = steps_until_cut + every if revision(url) == at else every
            at = revision(url)
        else:
            return cuts


def test_a_shop_at_work_comes_to_the_same_schema_as_a_new_one(selling: str, new_shop: set[tuple[Any, ...]]) -> None:
    migrate(selling)

    assert schema(selling) == new_shop


def test_old_rows_are_looked_through_under_locks_that_let_others_work(selling: str) -> None:
    ran: list[str] = []

    def note(*seen: Any) -> None:
        ran.append(" ".join(seen[2].split()))

    event.listen(Engine, "before_cursor_execute", note)
    migrate(selling)
    event.remove(Engine, "before_cursor_execute", note)

    rules = [statement for statement in ran if "ADD CONSTRAINT" in statement]
    assert len(rules) > 10
    assert [rule for rule in rules if rule.count("ADD CONSTRAINT") > rule.count("NOT VALID")] == []
    indexes = [
        statement for statement in ran if re.search(r"INDEX .* ON (orders|users|audit_events|outbox) ", statement)
    ]
    assert len(indexes) > 10
    assert [index for index in indexes if "CONCURRENTLY" not in index] == []


def test_whatever_was_cut_off_is_finished_by_the_next_run(
    selling: str, new_shop: set[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = schema(selling)

    cuts_up = cut_off_everywhere(monkeypatch, selling, lambda: migrate(selling))
    up = schema(selling)
    cuts_down = cut_off_everywhere(monkeypatch, selling, lambda: command.downgrade(alembic_config(selling), BEFORE))

    assert up == new_shop
    assert schema(selling) == before
    assert min(cuts_up, cuts_down) > 10


def test_a_broken_index_of_a_cut_off_build_is_built_anew(selling: str, new_shop: set[tuple[Any, ...]]) -> None:
    with connected(selling) as connection, pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute("CREATE UNIQUE INDEX CONCURRENTLY ix_audit_events_action ON audit_events (action)")
    assert ("ix_audit_events_action",) in schema(selling)

    migrate(selling)

    assert schema(selling) == new_shop


WAITING = """
    SELECT query_start FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'ALTER TABLE orders%'
"""


def test_nobody_waits_long_behind_a_migration_that_waits_for_a_long_report(selling: str) -> None:
    migrating = threading.Thread(target=migrate, args=(selling, "0003"))
    shopping = threading.Event()
    failed: list[psycopg.Error] = []

    def shop() -> None:
        with connected(selling) as shopper:
            shopper.execute("SET statement_timeout = '3s'")
            try:
                while not shopping.wait(0.01):
                    shopper.execute("SELECT count(*) FROM orders")
            except psycopg.Error as error:
                failed.append(error)

    with ThreadPoolExecutor(1) as others, connected(selling) as report, connected(selling) as observer:
        with report.transaction():
            report.execute("SELECT count(*) FROM orders")
            migrating.start()
            others.submit(shop)
            tries: set[tuple[Any, ...]] = set()
            while len(tries) < 3 and not failed:
                tries.update(observer.execute(WAITING))
                time.sleep(0.02)
            at = revision(selling)
        migrating.join()
        shopping.set()

    assert failed == []
    assert (at, revision(selling)) == (BEFORE, "0003")


def test_a_step_that_never_gets_its_lock_gives_up_and_says_so(selling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_PATIENCE", 0.5)

    with connected(selling) as report, report.transaction():
        report.execute("SELECT count(*) FROM orders")
        with pytest.raises(steps.StepBlocked, match="ALTER TABLE orders"):
            migrate(selling)

    migrate(selling, "0003")
    assert revision(selling) == "0003"


@pytest.mark.parametrize(
    ("row", "table"),
    [
        ("INSERT INTO accounts (kind, currency) VALUES ('adjustments', 'ILS')", "accounts"),
        ("INSERT INTO products (shop_id, name, sku, price) VALUES (1, 'Tea', 'TEA', 3)", "products"),
        ("UPDATE orders SET status = 'PENDING', channel = 'MARKETPLACE'", "orders"),
    ],
)
def test_a_way_down_that_would_lose_rows_is_refused_before_it_changes_anything(
    selling: str, row: str, table: str
) -> None:
    migrate(selling, "0005")
    with connected(selling) as connection:
        connection.execute(row)
    there = schema(selling)

    with pytest.raises(steps.RowsInTheWay, match=f"^{table} has rows"):
        command.downgrade(alembic_config(selling), "0004")

    assert (schema(selling), revision(selling)) == (there, "0005")


def test_a_rule_that_rows_of_before_break_is_taken_back_until_they_are_put_right(selling: str) -> None:
    deliver = "UPDATE orders SET status = 'DELIVERED', updated_at = now()"
    with connected(selling) as connection:
        connection.execute(deliver)

    with pytest.raises(IntegrityError, match="is violated by some row"):
        migrate(selling, "0003")

    with connected(selling) as connection:
        connection.execute(deliver)
        connection.execute("UPDATE orders SET status = 'CREATED'")
    migrate(selling, "0003")
    with connected(selling) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(deliver)


def test_two_who_migrate_at_once_take_turns(selling: str) -> None:
    go = (sys.executable, "-c", f"from app.migrations import migrate; migrate({selling!r})")

    both = [subprocess.Popen(go, cwd=PROJECT, stderr=subprocess.PIPE, text=True) for _ in range(2)]

    assert [(one.communicate()[1], one.returncode) for one in both] == [("", 0), ("", 0)]


def test_a_backfill_goes_in_batches(selling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps.backfill, "__defaults__", (10,))
    with connected(selling) as connection:
        connection.execute("""
            INSERT INTO products (category_id, name, sku, price)
            SELECT 1, 'Milk', 'MILK-' || n, n FROM generate_series(1, 95) AS n
        """)

    migrate(selling, "0004")

    with connected(selling) as connection:
        written = connection.execute("SELECT count(*), count(DISTINCT xmin::text) FROM products").fetchone()
        wrong = connection.execute("SELECT count(*) FROM products WHERE current_price <> price").fetchone()
    assert (written, wrong) == ((96, 10), (0,))


def test_each_migration_after_the_first_shop_is_made_of_these_steps() -> None:
    """`op.` on a table with rows would hold its lock until the end of the migration."""
    for path in sorted((PROJECT / "alembic" / "versions").glob("*.py")):
        if path.name[:4] > BEFORE:
            assert re.findall(r"\bop\.(?!f\()\w+", path.read_text()) == [], path.name
