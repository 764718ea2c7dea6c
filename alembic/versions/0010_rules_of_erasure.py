"""what happened stays as it was, but words about a person may be blanked when that person is erased

Revision: 0010
Before: 0009
"""

from app import migration_steps as steps

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BLANKED = {
    "audit_events": ("old_value", "new_value", "context"),
    "order_actions": ("details",),
    "pick_events": ("reason", "notes"),
}


def upgrade() -> None:
    steps.briefly("""
        CREATE OR REPLACE FUNCTION is_blanked(old jsonb, new jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
        BEGIN
            IF new IS NOT DISTINCT FROM old THEN
                RETURN true;
            ELSIF old IS NULL OR new IS NULL OR jsonb_typeof(old) = 'null' THEN
                RETURN false;
            ELSIF jsonb_typeof(old) = 'object' THEN
                RETURN jsonb_typeof(new) = 'object'
                   AND (SELECT bool_and(old ? key AND new ? key AND is_blanked(old -> key, new -> key))
                        FROM jsonb_object_keys(old || new) AS key);
            END IF;
            RETURN new = '"[erased]"';
        END $$
    """)
    steps.briefly("""
        CREATE OR REPLACE FUNCTION refuse_change_but_blanking() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            erasing bigint := NULLIF(current_setting('aisle.erasing', true), '')::bigint;
            old_row jsonb := to_jsonb(OLD);
            new_row jsonb;
            is_fine boolean;
        BEGIN
            IF TG_OP = 'UPDATE' AND erasing IS NOT NULL THEN
                new_row := to_jsonb(NEW);
                SELECT old_row - TG_ARGV::text[] = new_row - TG_ARGV::text[]
                   AND bool_and(is_blanked(old_row -> name, new_row -> name))
                   AND EXISTS (SELECT FROM users WHERE id = erasing AND erased_at = transaction_timestamp())
                INTO is_fine FROM unnest(TG_ARGV::text[]) AS name;
                IF is_fine THEN
                    RETURN NEW;
                END IF;
            END IF;
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END $$
    """)
    for table, columns in BLANKED.items():
        _guard(table, f"refuse_change_but_blanking({', '.join(columns)})")


def downgrade() -> None:
    for table in BLANKED:
        _guard(table, "refuse_change()")
    steps.briefly("DROP FUNCTION IF EXISTS refuse_change_but_blanking()")
    steps.briefly("DROP FUNCTION IF EXISTS is_blanked(jsonb, jsonb)")


def _guard(table: str, function: str) -> None:
    steps.briefly(f"""
        CREATE OR REPLACE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION {function}
    """)
