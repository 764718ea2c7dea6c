"""rules of the marketplace that only triggers can hold

Revision: 0006
Before: 0005
"""

from app import migration_steps as steps

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

APPEND_ONLY = ("order_actions", "order_modifications", "order_modification_lines")


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

    steps.briefly(
        "DROP TRIGGER IF EXISTS entries_move_balance ON entries",
        """
        CREATE OR REPLACE FUNCTION account_follows_entry() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE accounts SET balance = balance + NEW.amount
            WHERE id = NEW.account_id AND balance IS NOT NULL
            RETURNING balance INTO NEW.balance_after;
            RETURN NEW;
        END $$
        """,
        """
        CREATE TRIGGER entries_move_balance BEFORE INSERT ON entries
        FOR EACH ROW EXECUTE FUNCTION account_follows_entry()
        """,
    )
    steps.briefly(
        """
        CREATE OR REPLACE FUNCTION balance_follows_entries_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                IF NEW.balance <> 0 THEN
                    RAISE EXCEPTION 'an account opens with nothing' USING ERRCODE = 'restrict_violation';
                END IF;
            ELSIF NEW.balance IS DISTINCT FROM OLD.balance AND pg_trigger_depth() < 2 THEN
                RAISE EXCEPTION 'a balance follows its entries' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$
        """,
        """
        CREATE OR REPLACE TRIGGER accounts_balance_follows BEFORE INSERT OR UPDATE ON accounts
        FOR EACH ROW EXECUTE FUNCTION balance_follows_entries_only()
        """,
    )
    steps.briefly(
        """
        CREATE OR REPLACE FUNCTION tell_live_event() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('aisle_live', NEW.user_id::text);
            RETURN NULL;
        END $$
        """,
        """
        CREATE OR REPLACE TRIGGER live_events_are_told AFTER INSERT ON live_events
        FOR EACH ROW EXECUTE FUNCTION tell_live_event()
        """,
    )


def downgrade() -> None:
    steps.briefly(
        "DROP TRIGGER IF EXISTS live_events_are_told ON live_events", "DROP FUNCTION IF EXISTS tell_live_event()"
    )
    steps.briefly(
        "DROP TRIGGER IF EXISTS accounts_balance_follows ON accounts",
        "DROP FUNCTION IF EXISTS balance_follows_entries_only()",
    )
    steps.briefly(
        "DROP TRIGGER IF EXISTS entries_move_balance ON entries",
        """
        CREATE OR REPLACE FUNCTION account_follows_entry() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE accounts SET balance = balance + NEW.amount
            WHERE id = NEW.account_id AND balance IS NOT NULL;
            RETURN NULL;
        END $$
        """,
        """
        CREATE TRIGGER entries_move_balance AFTER INSERT ON entries
        FOR EACH ROW EXECUTE FUNCTION account_follows_entry()
        """,
    )
    for table in APPEND_ONLY:
        steps.briefly(
            f"DROP TRIGGER IF EXISTS {table}_never_truncated ON {table}",
            f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}",
        )
