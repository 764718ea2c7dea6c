"""The revision the code needs, read without Alembic, is the one Alembic finds."""

from alembic.script import ScriptDirectory

from app.migrations import alembic_config, newest_revision


def test_the_newest_revision_is_the_one_alembic_would_migrate_to() -> None:
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()

    assert head is not None
    assert newest_revision() == head
