"""What every table of a database holds, in a form that two databases can be compared by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

_TABLES = """
    SELECT relname, coalesce(
        (SELECT array_agg(attname::text ORDER BY array_position(indkey::int2[], attnum))
         FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
         WHERE indrelid = pg_class.oid AND indisprimary), '{}')
    FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
    ORDER BY relname
"""


@dataclass(frozen=True)
class Content:
    """The rows of one table, and the md5 over all of them in the order of the primary key."""

    rows: int
    digest: str


def take(url: str) -> dict[str, Content]:
    """Every table as of one moment."""
    with psycopg.connect(url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute("SET LOCAL timezone = 'UTC'")
        tables = connection.execute(_TABLES).fetchall()
        return {name: _content(connection, name, keys) for name, keys in tables}


def differences(wanted: Mapping[str, Content], found: Mapping[str, Content]) -> Iterator[str]:
    """Each table that is not the same, in words."""
    for name in sorted(wanted.keys() | found.keys()):
        before, after = wanted.get(name), found.get(name)
        if before is None or after is None:
            yield f"table {name} is {'new' if before is None else 'missing'}"
        elif before.rows != after.rows:
            yield f"table {name} has {after.rows} rows instead of {before.rows}"
        elif before != after:
            yield f"table {name} has other rows than it had"


def _content(connection: "psycopg.Connection[Any]", name: str, keys: list[str]) -> Content:
    order = sql.SQL(", ").join(map(sql.Identifier, keys)) if keys else sql.SQL("whole::text")
    query = sql.SQL(
        "SELECT count(*), coalesce(md5(string_agg(md5(whole::text), '' ORDER BY {})), '') FROM {} AS whole"
    ).format(order, sql.Identifier(name))
    row = connection.execute(query).fetchone()
    assert row is not None
    return Content(*row)
