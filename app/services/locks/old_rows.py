"""Deleting what is old: a few rows at a time, and never one that somebody else is working on."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from sqlalchemy import DateTime, TextClause, bindparam, text
from sqlalchemy.orm import Session

_WHICH = "FROM {table} AS old_row WHERE old_row.{age} < :before AND ({also})"
_DELETE = f"""
    WITH old AS MATERIALIZED (
        SELECT old_row.ctid, old_row.{{age}} AS age {_WHICH} AND old_row.{{age}} >= :since
        ORDER BY old_row.{{age}} LIMIT :batch FOR UPDATE OF old_row SKIP LOCKED
    ), gone AS (
        DELETE FROM {{table}} AS kept USING old WHERE kept.ctid = old.ctid RETURNING old.age
    )
    SELECT count(*) AS deleted, max(age) AS reached FROM gone
"""
_COUNT = f"SELECT count(*) {_WHICH}"
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OldRows:
    """Rows of a table whose moment `age` is past; `also`, a condition on `old_row` and :before, lets only some go."""

    table: str
    age: str
    also: str = "true"


@dataclass(frozen=True, slots=True)
class Deleted:
    """How many rows went, and the age of the youngest of them, from where the next batch goes on."""

    rows: int
    reached: datetime | None


@cache
def _statement(form: str, rows: OldRows) -> TextClause:
    moments = [bindparam(name, type_=DateTime(timezone=True)) for name in ("before", "since") if f":{name}" in form]
    return text(form.format(table=rows.table, age=rows.age, also=rows.also)).bindparams(*moments)


def delete_old(session: Session, rows: OldRows, *, before: datetime, since: datetime | None, batch: int) -> Deleted:
    """Lock and delete up to `batch` rows older than `before`, the oldest first, from those of `since` on.

    Rows that others hold are skipped (one statement), so that any number may do this at once.
    """
    values = {"before": before, "since": since or _BEGINNING, "batch": batch}
    row = session.execute(_statement(_DELETE, rows), values).one()
    return Deleted(row.deleted, row.reached)


def count_old(session: Session, rows: OldRows, *, before: datetime) -> int:
    """How many rows there are that `delete_old` would delete, little by little. Locks nothing."""
    return int(session.execute(_statement(_COUNT, rows), {"before": before}).scalar_one())
