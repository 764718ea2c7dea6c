"""Reads that happen many times a second, sent as directly as the driver can.

SQLAlchemy writes the statement, once, and its pool lends the connection. Running it is left to the driver: what
SQLAlchemy does about a statement of any kind each time it runs costs 0.2 ms, a third of a page of products.
"""

from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, Select, TextClause, TextualSelect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import ReturningInsert

from app.models.base import AnyRow
from app.transaction import read_bind, whole_statement

_DIALECT = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
"""With places as PostgreSQL itself numbers them: the driver has nothing to translate."""


class Prepared:
    """A statement that reads as in `transaction.reading`, without a transaction and from the same server.

    Constants in it must be literals, and its parameters plain values. The rows have its columns by name, with values
    as the driver gives them: an enum is its text.
    """

    def __init__(
        self, statement: Select[*tuple[Any, ...]] | ReturningInsert[*tuple[Any, ...]] | TextClause | TextualSelect
    ) -> None:
        self._statement = statement
        self._row: Any = None

    def all(self, **values: Any) -> list[AnyRow]:
        """The rows for these parameters; values it has no place for are left out. Raises SQLAlchemy's errors."""
        return self._borrowing(read_bind(), values)

    def first(self, **values: Any) -> AnyRow | None:
        """The first row, if there is one; otherwise as `all`."""
        found = self.all(**values)
        return found[0] if found else None

    def _borrowing(self, bind: Engine | Connection, values: Mapping[str, Any]) -> list[AnyRow]:
        with _lent(bind) as connection:
            return self._rows(bind, connection, values)

    def _rows(self, bind: Engine | Connection, connection: Any, values: Mapping[str, Any]) -> list[AnyRow]:
        """What the driver finds. Whoever listens to statements of `bind` hears of this one too."""
        text, places = self._written
        cursor = _execute(bind, connection, text, [values[name] for name in places])
        if self._row is None:  # the same for everybody, as the statement never changes
            self._row = _row_of(cursor)
        return list(map(self._row._make, cursor.fetchall()))

    @cached_property
    def _written(self) -> tuple[str, Sequence[str]]:
        """The text and the names of its places in their order; when it is first wanted."""
        compiled = self._statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        if not isinstance(compiled, SQLCompiler) or any(value is not None for value in compiled.params.values()):
            raise ValueError(f"constants must be literals: {compiled.params}")
        return str(compiled), compiled.positiontup or ()


class Step(Prepared):
    """The same inside an open transaction: for locking reads, and for writes that answer with rows."""

    def within(self, session: Session, **values: Any) -> list[AnyRow]:
        """The rows for these parameters, as `all`."""
        connection = session.connection()
        try:
            return self._rows(connection, connection.connection.dbapi_connection, values)
        except DBAPIError as error:
            if error.connection_invalidated:
                connection.invalidate(error)
            raise

    def alone(self, **values: Any) -> list[AnyRow]:
        """The rows for these parameters, as `all`; committed as it ends, or undone. Raises RuntimeError inside another.

        For a statement that is a whole transaction: it limits its waits itself (`locks.WAITS`).
        """
        with whole_statement() as bind:
            return self._borrowing(bind, values)


def _row_of(cursor: Any) -> type:
    """A class for the rows of a cursor, which has its columns by name."""
    return namedtuple("Row", [column.name for column in cursor.description])


def _execute(bind: Engine | Connection, connection: Any, text: str, values: Sequence[Any]) -> Any:
    """A cursor that has run a statement. Those who listen to `bind` are told before and after it, or of its failure."""
    heard = SimpleNamespace()
    for tell in bind.dispatch.before_cursor_execute:
        tell(bind, None, text, values, heard, False)
    try:
        cursor = psycopg.RawCursor(connection).execute(text, values)
    except psycopg.Error as error:
        failure = SimpleNamespace(statement=text, original_exception=error, execution_context=heard)
        for tell in bind.dialect.dispatch.handle_error:
            tell(failure)
        raise _in_words_of_sqlalchemy(error, text, is_lost=connection.closed) from error
    for tell in bind.dispatch.after_cursor_execute:
        tell(bind, None, text, values, heard, False)
    return cursor


@contextmanager
def _lent(bind: Engine | Connection) -> Iterator[Any]:
    """The driver's connection out of a pool.

    One that is lost goes alone: others lost with it are noticed as they are taken out (`dead_connections`). Those at
    work now go back into this pool; with a new one in its place nobody would close them.
    """
    if isinstance(bind, Connection):  # a test's own
        yield bind.connection.dbapi_connection
        return
    try:
        lent = bind.raw_connection()
    except psycopg.Error as error:
        raise _in_words_of_sqlalchemy(error, None, is_lost=True) from error
    try:
        yield lent.dbapi_connection
    except DBAPIError as error:
        if error.connection_invalidated:
            lent.invalidate(error)
        raise
    finally:
        lent.close()


def _in_words_of_sqlalchemy(error: psycopg.Error, text: str | None, *, is_lost: bool) -> Exception:
    """The error of a driver as everybody else knows it."""
    return DBAPIError.instance(
        text, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=is_lost, dialect=_DIALECT
    )
