"""rules only triggers can hold, the settings row and the sandbox's demo card

Revision: 0002
Before: 0001
"""

import sqlalchemy as sa

from alembic import op
from app.config import Settings

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("audit_events", "stock_movements", "journals", "entries")


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END $$
    """)
    for table in APPEND_ONLY:
        op.execute(f"""
            CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_change()
        """)
        op.execute(f"""
            CREATE TRIGGER {table}_never_truncated BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
        """)

    op.execute("""
        CREATE FUNCTION journal_balances() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            checked bigint := CASE TG_TABLE_NAME WHEN 'journals' THEN to_jsonb(NEW)->>'id'
                                                 ELSE to_jsonb(NEW)->>'journal_id' END;
            entry_count bigint;
            entry_sum numeric;
        BEGIN
            SELECT count(*), COALESCE(sum(amount), 0) INTO entry_count, entry_sum
            FROM entries WHERE journal_id = checked;
            IF entry_count < 2 OR entry_sum <> 0 THEN
                RAISE EXCEPTION 'journal % does not balance', checked USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END $$
    """)
    for table in ("journals", "entries"):
        op.execute(f"""
            CREATE CONSTRAINT TRIGGER {table}_balance AFTER INSERT ON {table}
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal_balances()
        """)

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

    # The settings give the first values; from then on the row alone counts.
    first = Settings()
    row = sa.text("INSERT INTO global_settings (id, delivery_min, delivery_fee) VALUES (1, :minimum, :fee)")
    op.execute(row.bindparams(minimum=first.delivery_min_total, fee=first.delivery_fee_under_min))
    # The sandbox's shared demo card: clients that never create a token of their own pay with id 1.
    op.execute("""
        INSERT INTO payment_tokens (id, user_id, provider, provider_token, last4)
        VALUES (1, NULL, 'mockpay', 'sandbox-approve', '4242')
    """)
    op.execute("SELECT setval(pg_get_serial_sequence('payment_tokens', 'id'), 1)")


def downgrade() -> None:
    op.execute("DROP TRIGGER entries_move_balance ON entries")
    op.execute("DROP FUNCTION account_follows_entry()")
    for table in ("journals", "entries"):
        op.execute(f"DROP TRIGGER {table}_balance ON {table}")
    op.execute("DROP FUNCTION journal_balances()")
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER {table}_never_truncated ON {table}")
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
    op.execute("DROP FUNCTION refuse_change()")
    op.execute("DELETE FROM payment_tokens WHERE id = 1")
    op.execute("DELETE FROM global_settings")
