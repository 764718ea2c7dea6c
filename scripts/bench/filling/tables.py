"""Filling a table faster than row by row: its indexes are built once, when everything is in."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

_INDEXES = """
    SELECT indexes.indexname, indexes.indexdef FROM pg_indexes AS indexes
    WHERE indexes.schemaname = 'public' AND indexes.tablename = ANY(%s) AND NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE pg_constraint.conindid = to_regclass(quote_ident(indexes.indexname))
    )
"""
_LAST = "SELECT COALESCE(last_value, 0) FROM pg_sequences WHERE sequencename = split_part(%s, '.', 2)"


@contextmanager
def without_indexes(connection: "psycopg.Connection[Any]", *tables: str) -> Iterator[None]:
    """Without the indexes that no constraint needs for the length of the block."""
    found = connection.execute(_INDEXES, (list(tables),)).fetchall()
    for name, _ in found:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    yield
    for _, definition in found:
        connection.execute(definition)


def last_id(connection: "psycopg.Connection[Any]", table: str) -> int:
    """The id that was given to a row of the table last; 0 where none was."""
    row = connection.execute("SELECT pg_get_serial_sequence(%s, 'id')", (table,)).fetchone()
    found = connection.execute(_LAST, (row[0] if row else "",)).fetchone()
    return int(found[0]) if found else 0
