"""rules of smart carts that only triggers can hold

Revision: 0008
Before: 0007
"""

from app import migration_steps as steps

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

APPEND_ONLY = ("device_events", "basket_moves")


def upgrade() -> None:
    for table in APPEND_ONLY:
        steps.briefly(
            f"""
            CREATE OR REPLACE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_change()
            """,
            f"""
            CREATE OR REPLACE TRIGGER {table}_never_truncated BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
            """,
        )


def downgrade() -> None:
    for table in APPEND_ONLY:
        steps.briefly(
            f"DROP TRIGGER IF EXISTS {table}_never_truncated ON {table}",
            f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}",
        )
