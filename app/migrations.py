"""Running Alembic from code: the same migrations for `run.py`, `flask migrate` and the tests."""

from functools import cache

from alembic.config import Config
from alembic.script import ScriptDirectory

from alembic import command
from app.config import PROJECT


def alembic_config(database_url: str = "") -> Config:
    """Alembic's configuration for a database address; `%` is doubled as the ini format demands."""
    config = Config(str(PROJECT / "alembic.ini"))
    config.set_main_option("script_location", str(PROJECT / "alembic"))
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return config


@cache
def newest_revision() -> str | None:
    """The revision the code needs."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


def migrate(database_url: str, revision: str = "head") -> None:
    """Bring the schema up to `revision`; several starters may call it at once (an advisory lock serialises them)."""
    command.upgrade(alembic_config(database_url), revision)
