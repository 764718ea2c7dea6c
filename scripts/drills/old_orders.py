"""A shop of before, at revision 0002, with as many orders as wanted: what migrations have to look through."""

from typing import Any

import psycopg

REVISION = "0002"
USERS_PER_ORDER, PRODUCTS, PLACES = 10, 5000, 2

_STATEMENTS = {
    "the catalogue": """
        INSERT INTO stock_locations (kind, name, address)
        SELECT 'WAREHOUSE', 'Warehouse ' || n, n || ' Market Street' FROM generate_series(1, %(places)s) AS n;
        INSERT INTO categories (name) SELECT 'Category ' || n FROM generate_series(1, 50) AS n;
        INSERT INTO products (category_id, name, sku, price, search_name)
        SELECT 1 + n %% 50, 'Product ' || n, 'SKU-' || n, 1 + n %% 40, 'product ' || n
        FROM generate_series(1, %(products)s) AS n;
        INSERT INTO inventory (stock_location_id, product_id, available_quantity, reserved_quantity)
        SELECT place, n, 1000000, 0 FROM generate_series(1, %(places)s) AS place, generate_series(1, %(products)s) AS n
    """,
    "people": """
        INSERT INTO users (email, phone, full_name)
        SELECT 'person' || n || '@example.com', '+97250' || n, 'Person ' || n FROM generate_series(1, %(users)s) AS n;
        INSERT INTO auth_sessions (user_id, user_agent)
        SELECT n, 'drill' FROM generate_series(1, %(users)s) AS n;
        INSERT INTO login_failures (subject, failures, last_failed_at)
        SELECT 'person' || n, 1, now() FROM generate_series(1, %(users)s, 10) AS n
    """,
    "carts": """
        INSERT INTO carts (user_id, status)
        SELECT 1 + n %% %(users)s, 'CHECKED_OUT' FROM generate_series(1, %(orders)s) AS n;
        INSERT INTO carts (user_id, status) SELECT n, 'ACTIVE' FROM generate_series(1, %(users)s) AS n;
        INSERT INTO carts (guest_token_hash, status)
        SELECT md5(n::text), 'ABANDONED' FROM generate_series(1, %(users)s) AS n;
        INSERT INTO cart_items (cart_id, product_id, quantity, unit_price)
        SELECT %(orders)s + n, 1 + n %% %(products)s, 1, 1 FROM generate_series(1, %(users)s) AS n
    """,
    "orders": """
        INSERT INTO orders (order_number, user_id, cart_id, channel, stock_location_id, status, fulfillment_type,
                            currency, items_total, tax_total, total_amount, pay_deadline, canceled_at, created_at)
        SELECT 'ORD-' || n, 1 + n %% %(users)s, n, 'DELIVERY_OR_PICKUP', 1 + n %% %(places)s,
               CASE WHEN n %% 10 = 0 THEN 'CANCELED' WHEN n %% 10 < 3 THEN 'IN_PROGRESS' ELSE 'CREATED' END, 'DELIVERY',
               'ILS', 30, 0, 30, now(), CASE WHEN n %% 10 = 0 THEN now() END, now() - n * interval '1 minute'
        FROM generate_series(1, %(orders)s) AS n
    """,
    "order lines": """
        INSERT INTO order_items (order_id, product_id, name, sku, unit, sold_by, unit_price, quantity, line_total,
                                 tax_rate, tax_amount)
        SELECT n, 1 + (n * 7 + line) %% %(products)s, 'Product', 'SKU', 'each', 'PIECE', 5, 3, 15, 0, 0
        FROM generate_series(1, %(orders)s) AS n, generate_series(0, 1) AS line
    """,
    "payments": """
        INSERT INTO payments (order_id, provider, reference, currency, requested_amount, authorized_amount)
        SELECT n, 'mockpay', 'MOCKPAY-' || n, 'ILS', 30, CASE WHEN n %% 10 = 0 THEN 0 ELSE 30 END
        FROM generate_series(1, %(orders)s) AS n;
        INSERT INTO payment_operations (payment_id, kind, idempotency_key, amount, state, next_at)
        SELECT n, 'authorize', gen_random_uuid(), 30, 'ok', now() FROM generate_series(1, %(orders)s) AS n
    """,
    "stock movements": """
        INSERT INTO stock_movements
            (stock_location_id, product_id, kind, available_change, reserved_change, source_type, source_id)
        SELECT 1 + n %% %(places)s, 1 + n %% %(products)s, 'allocate', -3, 3, 'order_item', n
        FROM generate_series(1, 2 * %(orders)s) AS n
    """,
    "journals": """
        INSERT INTO accounts (kind, owner_id, currency, balance)
        SELECT 'wallet', n, 'ILS', 0 FROM generate_series(1, %(users)s) AS n;
        INSERT INTO accounts (kind, currency) VALUES ('psp_receivable', 'ILS');
        INSERT INTO journals (reference, description) SELECT 'gift-' || n, 'A gift'
        FROM generate_series(1, %(orders)s) AS n;
        INSERT INTO entries (journal_id, account_id, amount)
        SELECT n, CASE side WHEN 1 THEN 1 + n %% %(users)s ELSE %(users)s + 1 END, side * 5
        FROM generate_series(1, %(orders)s) AS n, unnest(ARRAY[1, -1]) AS side;
        UPDATE accounts SET balance = (SELECT sum(amount) FROM entries WHERE account_id = accounts.id)
        WHERE balance IS NOT NULL
    """,
    "what happened": """
        INSERT INTO audit_events (entity_type, entity_id, action, actor_user_id, request_id)
        SELECT 'order', n, 'order.created', 1 + n %% %(users)s, md5(n::text)
        FROM generate_series(1, %(orders)s) AS n;
        INSERT INTO outbox (topic, aggregate, payload, done_at)
        SELECT 'order.created', 'order:' || n, '{}', now() FROM generate_series(1, %(orders)s) AS n;
        INSERT INTO notifications (user_id, kind, title, body, order_id)
        SELECT 1 + n %% %(users)s, 'order.created', 'Your order', 'It is here', n
        FROM generate_series(1, %(orders)s) AS n;
        INSERT INTO webhook_events (provider, event_id, raw, processed_at)
        SELECT 'mockpay', n::text, '{}', now() FROM generate_series(1, %(orders)s) AS n
    """,
}


def fill(url: str, orders: int, say: Any) -> None:
    """Fill an empty database of revision 0002; triggers and foreign keys rest meanwhile, as in a restore."""
    figures = {"orders": orders, "users": max(orders // USERS_PER_ORDER, 1), "products": PRODUCTS, "places": PLACES}
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("SET session_replication_role = replica")
        for what, statements in _STATEMENTS.items():
            say(f"filling {what} ...")
            connection.execute(statements, figures)
        connection.execute("VACUUM (ANALYZE)")
