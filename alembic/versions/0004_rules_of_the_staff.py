"""rules of the staff's tables that only triggers can hold, and what rows of before need

Revision: 0004
Before: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

APPEND_ONLY = ("pick_events", "stock_changes")


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

    op.execute("""
        CREATE FUNCTION follow_current_price() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.current_price := CASE
                WHEN NEW.sale_starts_at <= now() AND now() < NEW.sale_ends_at THEN LEAST(NEW.sale_price, NEW.price)
                ELSE NEW.price
            END;
            RETURN NEW;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER products_current_price
        BEFORE INSERT OR UPDATE OF price, sale_price, sale_starts_at, sale_ends_at ON products
        FOR EACH ROW EXECUTE FUNCTION follow_current_price()
    """)
    op.execute("UPDATE products SET price = price")
    op.execute("""
        UPDATE order_items SET held_quantity = quantity FROM orders
        WHERE orders.id = order_items.order_id AND orders.status <> 'CANCELED'
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER products_current_price ON products")
    op.execute("DROP FUNCTION follow_current_price()")
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER {table}_never_truncated ON {table}")
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
