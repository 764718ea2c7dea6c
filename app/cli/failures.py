"""What a command says when it cannot do its work: one line."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from app.config import ConfigurationError
from app.errors import DomainError

_UNDEFINED_TABLE = "42P01"


def guarded(command: click.Command) -> click.Command:
    """The same command in an application context, with every expected failure turned into one line and exit code 1."""
    if isinstance(command, click.Group):
        for child in command.commands.values():
            guarded(child)
    if command.callback is not None:
        command.callback = with_appcontext(_plain(command.callback))
    return command


def explanation(error: Exception) -> str | None:
    """One line for an expected failure; None for a fault of the program, which deserves its stack trace."""
    if isinstance(error, DomainError):
        return error.text
    if isinstance(error, ConfigurationError):
        return str(error)
    if isinstance(error, DBAPIError):
        return _database_explanation(error)
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
    return None


def _database_explanation(error: DBAPIError) -> str | None:
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate == _UNDEFINED_TABLE:
        return "the database was never migrated; run: flask migrate"
    if sqlstate is None:  # the driver never got as far as a server's answer
        return f"the database cannot be reached: {first_line(error.orig)}"
    return None


def first_line(error: BaseException | None) -> str:
    """The first line of an error's text; psycopg puts its reason there and never the password."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _plain(callback: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(callback)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return callback(*args, **kwargs)
        except Exception as error:
            if line := explanation(error):
                raise click.ClickException(line) from None
            raise

    return run
