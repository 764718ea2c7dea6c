"""The steps migrations are made of: none keeps a busy shop waiting, each can be run again after it was cut off.

- Short steps (tables, columns, rules not yet checked, triggers) are transactions of their own. They wait for a lock no
  longer than `LOCK_WAIT`, then step aside, so that whoever queued behind them goes on, and try again.
- Long steps (indexes, checking a rule over all rows) take locks that let reads and writes pass.
- A backfill goes in small batches.

On a database that had no revision before (`is_fresh`) nobody works yet: everything runs in the one transaction that
`alembic/env.py` opens, without any of this.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import sqlalchemy as sa
from alembic.util import CommandError
from psycopg import errors
from sqlalchemy.exc import DBAPIError, IntegrityError

from alembic import op

LOCK_WAIT = "300ms"
"""Below deadlock_timeout (1 s): where a migration and a checkout wait for each other, the migration yields."""
LONGEST_HOLD = "700ms"
"""For one statement of a short step, with its waiting for further tables while it holds the first."""
BATCH = 2000
"""Rows of one transaction of a backfill."""

PLAIN_LOCK_WAIT = "5s"
"""For what a migration does by itself, in its own transaction, outside of these steps."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.3, 5.0
_PATIENCE = 600.0
"""Seconds a step tries again before it gives up."""
_GAVE_WAY = (errors.LockNotAvailable, errors.QueryCanceled, errors.DeadlockDetected)


class StepBlocked(CommandError):
    """A table was in use all the time a step tried to get hold of it."""


class RowsInTheWay(CommandError):
    """The way down would have to change or delete rows; whether and how is for people to decide."""


def create_table(name: str, *columns_and_rules: sa.schema.SchemaItem, **options: Any) -> None:
    """`op.create_table`, unless it is there. Tables it refers to are locked against writes for a moment."""
    _briefly(lambda: op.create_table(name, *columns_and_rules, if_not_exists=True, **options))


def drop_tables(*names: str) -> None:
    """Each in a transaction of its own, with its indexes, rules and triggers."""
    for name in names:
        briefly(f"DROP TABLE IF EXISTS {name}")


def add_columns(table: str, *columns: sa.Column[Any]) -> None:
    """Columns that may be empty or have a constant default: these are known at once, no row is written.

    The words of an Enum are a rule of their own (`add_checks`): give it create_constraint=False.
    """
    described = sa.Table(table, sa.MetaData(), *columns)
    dialect = op.get_bind().dialect
    parts = (sa.schema.CreateColumn(column).compile(dialect=dialect) for column in described.columns)
    briefly(f"ALTER TABLE {table} {', '.join(f'ADD COLUMN IF NOT EXISTS {part}' for part in parts)}")


def drop_columns(table: str, *names: str) -> None:
    """With the rules and indexes that name them; foreign keys of theirs are dropped before, one by one."""
    briefly(f"ALTER TABLE {table} {', '.join(f'DROP COLUMN IF EXISTS {name}' for name in names)}")


def forbid_null(table: str, column: str) -> None:
    """NOT NULL on an old column: a checked rule says that no row is empty, so that no lock is held for looking."""
    rule = f"ck_{table}_{column}_is_given"
    add_checks(table, {rule: f"{column} IS NOT NULL"})
    briefly(f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL")
    drop_checks(table, rule)


def allow_null(table: str, column: str) -> None:
    briefly(f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL")


def add_checks(table: str, conditions: Mapping[str, str]) -> None:
    """CHECKs by name: at once for what is written from now on, then checked over all rows in one pass."""
    _add_constraints(table, {name: f"CHECK ({condition})" for name, condition in conditions.items()})


def replace_checks(table: str, conditions: Mapping[str, str]) -> None:
    """Other conditions under the same names. The old ones hold until all rows are known to keep the new ones."""
    add_checks(table, {f"{name}_new": condition for name, condition in conditions.items()})
    dropped = ", ".join(f"DROP CONSTRAINT IF EXISTS {name}" for name in conditions)
    briefly(
        f"ALTER TABLE {table} {dropped}",
        *(f"ALTER TABLE {table} RENAME CONSTRAINT {name}_new TO {name}" for name in conditions),
    )


def narrow_checks(tables: Mapping[str, Mapping[str, str]]) -> None:
    """`replace_checks` on the way down, by table; nothing has changed yet when a row stands in the way of any."""
    for table, conditions in tables.items():
        refuse_rows_against(table, conditions)
    for table, conditions in tables.items():
        replace_checks(table, conditions)


def refuse_rows_against(table: str, conditions: Mapping[str, str]) -> None:
    """Raise RowsInTheWay where rows break a condition; conditions by what people call them."""
    for name, condition in conditions.items():
        with _alone():
            if _execute(sa.text(f"SELECT 1 FROM {table} WHERE ({condition}) IS FALSE LIMIT 1")).first():
                raise RowsInTheWay(f"{table} has rows that the older schema cannot hold ({name}); nothing was changed")


def add_foreign_key(name: str, table: str, column: str, target: str, on_delete: str) -> None:
    """From a column of an old table to the `id` of another."""
    reference = f"FOREIGN KEY ({column}) REFERENCES {target} (id) ON DELETE {on_delete}"
    _add_constraints(table, {name: reference})


def drop_checks(table: str, *names: str) -> None:
    briefly(f"ALTER TABLE {table} {', '.join(f'DROP CONSTRAINT IF EXISTS {name}' for name in names)}")


def drop_foreign_keys(table: str, *names: str) -> None:
    """Each in a transaction of its own, as it locks the other table too."""
    for name in names:
        briefly(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")


def create_index(name: str, table: str, columns: Sequence[Any], **options: Any) -> None:
    """`op.create_index`, unless it is there; while reads and writes go on, where the table has rows."""
    if is_fresh() or _is_empty(table):
        _briefly(lambda: op.create_index(name, table, columns, if_not_exists=True, **options))
    else:
        _patiently(lambda: _build_index(name, table, columns, options))


def drop_indexes(*names: str) -> None:
    for name in names:
        _patiently(partial(_run, f"DROP INDEX {_concurrently()} IF EXISTS {name}"))


def replace_index(name: str, table: str, columns: Sequence[Any], **options: Any) -> None:
    """Another index under the same name; the old one serves until the new one is ready."""
    drop_indexes(f"{name}_new", f"{name}_old")
    create_index(f"{name}_new", table, columns, **options)
    briefly(f"ALTER INDEX IF EXISTS {name} RENAME TO {name}_old", f"ALTER INDEX {name}_new RENAME TO {name}")
    drop_indexes(f"{name}_old")


def backfill(table: str, statement: str, batch: int = BATCH) -> None:
    """Run an UPDATE over all rows in batches; it contains `BETWEEN :first AND :last`, both ids of `table`.

    A batch that was done may be done again: the statement must come to the same.
    """
    with _alone():
        lowest, highest = _execute(sa.text(f"SELECT min(id), max(id) FROM {table}")).one()
    update = sa.text(statement)
    for first in range(lowest or 1, (highest or 0) + 1, batch):
        numbered = update.bindparams(first=first, last=first + batch - 1)
        _briefly(partial(_execute, numbered))


def briefly(*statements: str) -> None:
    """Run SQL together in one short transaction; better no more than one old table in it. It may run again."""
    _briefly(lambda: _run(*statements))


def limit_waits(connection: sa.Connection, lock_wait: str = PLAIN_LOCK_WAIT, longest: str = "0") -> None:
    """How long a statement of this connection may wait for a lock, and may take; "0" is without end."""
    connection.exec_driver_sql(f"SET lock_timeout = '{lock_wait}'")
    connection.exec_driver_sql(f"SET statement_timeout = '{longest}'")


def is_fresh() -> bool:
    """Whether this database had no revision when the run began."""
    return bool(op.get_context().opts.get("is_fresh"))


def _add_constraints(table: str, definitions: Mapping[str, str]) -> None:
    names = tuple(definitions)
    forgotten = tuple(f"DROP CONSTRAINT IF EXISTS {name}" for name in names)
    later = "" if is_fresh() else " NOT VALID"
    added = tuple(f"ADD CONSTRAINT {name} {definition}{later}" for name, definition in definitions.items())
    briefly(f"ALTER TABLE {table} {', '.join(forgotten + added)}")
    if is_fresh():
        return
    checked = ", ".join(f"VALIDATE CONSTRAINT {name}" for name in names)
    try:
        _patiently(lambda: _run(f"ALTER TABLE {table} {checked}"))
    except IntegrityError:
        # Rows of before break the rule: nothing may be left that refuses new ones.
        briefly(f"ALTER TABLE {table} {', '.join(forgotten)}")
        raise


def _build_index(name: str, table: str, columns: Sequence[Any], options: Mapping[str, Any]) -> None:
    broken = sa.text("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid")
    if _execute(broken.bindparams(name=name)).first():
        _run(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.create_index(name, table, columns, if_not_exists=True, postgresql_concurrently=True, **options)


def _is_empty(table: str) -> bool:
    with _alone():
        return _execute(sa.text(f"SELECT 1 FROM {table} LIMIT 1")).first() is None


def _concurrently() -> str:
    return "" if is_fresh() else "CONCURRENTLY"


def _run(*statements: str) -> None:
    """Several statements in one call are one transaction; without parameters `%` and `:` stand for themselves."""
    op.get_bind().exec_driver_sql("; ".join(statements), execution_options={"no_parameters": True})


def _execute(statement: sa.TextClause) -> Any:
    return op.get_bind().execute(statement)


def _briefly(action: Callable[[], object]) -> None:
    with _alone(LOCK_WAIT, LONGEST_HOLD):
        _insist(action)


def _patiently(action: Callable[[], object]) -> None:
    with _alone():
        _insist(action)


@contextmanager
def _alone(lock_wait: str = "0", longest: str = "0") -> Iterator[None]:
    """Outside of the migration's transaction: every statement is one of its own."""
    if is_fresh():
        yield
        return
    with op.get_context().autocommit_block():
        limit_waits(op.get_bind(), lock_wait, longest)
        yield
        limit_waits(op.get_bind())


def _insist(action: Callable[[], object]) -> None:
    """Run the action; where it stepped aside for others, again after a growing pause."""
    deadline = time.monotonic() + _PATIENCE
    pause = _FIRST_PAUSE
    while True:
        try:
            action()
        except DBAPIError as error:
            if is_fresh() or not isinstance(error.orig, _GAVE_WAY):
                raise
            if time.monotonic() > deadline:
                raise StepBlocked(
                    f"{str(error.orig).splitlines()[0]}, for {_PATIENCE:.0f} s: {error.statement}"
                ) from error
        else:
            return
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
