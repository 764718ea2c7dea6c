"""Running Alembic from code: the same migrations for `run.py`, `flask migrate` and the tests.

Alembic itself is loaded only where it runs: it takes 10 MiB, which a web process does without.
"""

import re
from functools import cache
from typing import TYPE_CHECKING

from app.config import PROJECT

if TYPE_CHECKING:
    from alembic.config import Config

_VERSIONS = PROJECT / "alembic" / "versions"
_REVISION = re.compile(r'^(?P<kind>down_)?revision\b[^=]*= *"(?P<name>\w+)"', re.MULTILINE)


def alembic_config(database_url: str = "") -> "Config":
    """Alembic's configuration for a database address; `%` is doubled as the ini format demands."""
    from alembic.config import Config  # noqa: PLC0415 (see above)

    config = Config(str(PROJECT / "alembic.ini"))
    config.set_main_option("script_location", str(PROJECT / "alembic"))
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return config


@cache
def newest_revision() -> str | None:
    """The revision the code needs: the one no other comes after."""
    found = [match for file in _VERSIONS.glob("*.py") for match in _REVISION.finditer(file.read_text())]
    followed = {match["name"] for match in found if match["kind"]}
    newest = {match["name"] for match in found} - followed
    return newest.pop() if len(newest) == 1 else None


def migrate(database_url: str, revision: str = "head") -> None:
    """Bring the schema up to `revision`; several starters may call it at once (an advisory lock serialises them)."""
    from alembic import command  # noqa: PLC0415 (see above)

    command.upgrade(alembic_config(database_url), revision)
