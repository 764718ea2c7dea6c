"""Readiness: can this process serve requests now."""

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.errors import ServiceUnavailable
from app.migrations import is_behind
from app.transaction import reading

_REVISION = text("SELECT version_num FROM alembic_version")


def check_ready() -> None:
    """Raise ServiceUnavailable when the database does not answer or its schema is too old."""
    try:
        with reading() as connection:
            found = connection.execute(_REVISION).scalar_one_or_none()
    except DBAPIError:
        raise ServiceUnavailable("The database does not answer or was never migrated.", retry_after=2) from None
    if is_behind(found):
        raise ServiceUnavailable("A migration is pending: run `flask migrate`.", retry_after=10)
