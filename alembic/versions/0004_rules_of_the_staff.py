"""rules of the staff's tables that only triggers can hold, and what rows of before need

Revision: 0004
Before: 0003
"""

from app import migration_steps as steps

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

APPEND_ONLY = ("pick_events", "stock_changes")


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
        """
        CREATE OR REPLACE FUNCTION follow_current_price() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.current_price := CASE
                WHEN NEW.sale_starts_at <= now() AND now() < NEW.sale_ends_at THEN LEAST(NEW.sale_price, NEW.price)
                ELSE NEW.price
            END;
            RETURN NEW;
        END $$
        """,
        """
        CREATE OR REPLACE TRIGGER products_current_price
        BEFORE INSERT OR UPDATE OF price, sale_price, sale_starts_at, sale_ends_at ON products
        FOR EACH ROW EXECUTE FUNCTION follow_current_price()
        """,
    )
    steps.backfill("products", "UPDATE products SET price = price WHERE id BETWEEN :first AND :last")
    steps.backfill(
        "order_items",
        """
        UPDATE order_items SET held_quantity = quantity FROM orders
        WHERE orders.id = order_items.order_id AND orders.status <> 'CANCELED'
          AND order_items.id BETWEEN :first AND :last
        """,
    )


def downgrade() -> None:
    steps.briefly(
        "DROP TRIGGER IF EXISTS products_current_price ON products", "DROP FUNCTION IF EXISTS follow_current_price()"
    )
    for table in APPEND_ONLY:
        steps.briefly(
            f"DROP TRIGGER IF EXISTS {table}_never_truncated ON {table}",
            f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}",
        )
