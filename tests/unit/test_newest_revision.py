"""The revision the code needs, read without Alembic, is the one Alembic finds; and which schema is too old."""

import pytest
from alembic.script import ScriptDirectory

from app.migrations import alembic_config, is_behind, newest_revision


def test_the_newest_revision_is_the_one_alembic_would_migrate_to() -> None:
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()

    assert head is not None
    assert newest_revision() == head


@pytest.mark.parametrize(("found", "behind"), [(None, True), ("0001", True), ("a later one", False)])
def test_a_schema_is_too_old_when_the_code_knows_a_newer_one(found: str | None, behind: bool) -> None:
    assert is_behind(found) is behind


def test_the_newest_schema_is_not_too_old() -> None:
    assert not is_behind(newest_revision())
