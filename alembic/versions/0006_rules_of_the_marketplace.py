"""rules of the marketplace that only triggers can hold

Revision: 0006
Before: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

APPEND_ONLY = ("order_actions", "order_modifications", "order_modification_lines")


def upgrade() -> None:
    for table in APPEND_ONLY:
        op.execute(f"""
            CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_change()
        """)
        op.execute(f"""
            CREATE TRIGGER {table}_never_truncated BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
        """)

    op.execute("DROP TRIGGER entries_move_balance ON entries")
    op.execute("DROP FUNCTION account_follows_entry()")
    op.execute("""
        CREATE FUNCTION account_follows_entry() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE accounts SET balance = balance + NEW.amount
            WHERE id = NEW.account_id AND balance IS NOT NULL
            RETURNING balance INTO NEW.balance_after;
            RETURN NEW;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER entries_move_balance BEFORE INSERT ON entries
        FOR EACH ROW EXECUTE FUNCTION account_follows_entry()
    """)
    op.execute("""
        CREATE FUNCTION balance_follows_entries_only() RETURNS trigger LANGUAGE plpgsql AS $$
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
    """)
    op.execute("""
        CREATE TRIGGER accounts_balance_follows BEFORE INSERT OR UPDATE ON accounts
        FOR EACH ROW EXECUTE FUNCTION balance_follows_entries_only()
    """)

    op.execute("""
        CREATE FUNCTION tell_live_event() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('aisle_live', NEW.user_id::text);
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER live_events_are_told AFTER INSERT ON live_events
        FOR EACH ROW EXECUTE FUNCTION tell_live_event()
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER live_events_are_told ON live_events")
    op.execute("DROP FUNCTION tell_live_event()")
    op.execute("DROP TRIGGER accounts_balance_follows ON accounts")
    op.execute("DROP FUNCTION balance_follows_entries_only()")
    op.execute("DROP TRIGGER entries_move_balance ON entries")
    op.execute("DROP FUNCTION account_follows_entry()")
    op.execute("""
        CREATE FUNCTION account_follows_entry() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE accounts SET balance = balance + NEW.amount
            WHERE id = NEW.account_id AND balance IS NOT NULL;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER entries_move_balance AFTER INSERT ON entries
        FOR EACH ROW EXECUTE FUNCTION account_follows_entry()
    """)
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER {table}_never_truncated ON {table}")
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
