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
    revisions = _revisions()
    newest = set(revisions) - set(revisions.values())
    return newest.pop() if len(newest) == 1 else None


def is_behind(found: str | None) -> bool:
    """Whether a schema of this revision is too old for the code.

    One this code has never heard of is newer: old processes go on with it until they are replaced.
    """
    return found is None or (found in _revisions() and found != newest_revision())


@cache
def _revisions() -> dict[str, str | None]:
    """Each revision with the one before it."""
    texts = (file.read_text() for file in _VERSIONS.glob("*.py"))
    named = [{match["kind"]: match["name"] for match in _REVISION.finditer(text)} for text in texts]
    return {names[None]: names.get("down_") for names in named}


def migrate(database_url: str, revision: str = "head") -> None:
    """Bring the schema up to `revision`; several starters may call it at once (an advisory lock serialises them)."""
    from alembic import command  # noqa: PLC0415 (see above)

    command.upgrade(alembic_config(database_url), revision)
