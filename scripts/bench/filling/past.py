"""Orders of the past: delivered, paid and told about, two lines each, in the books of their customers."""

from collections.abc import Callable
from typing import Any

import psycopg

from scripts.bench.filling.tables import last_id, without_indexes

ORDERS_OF_A_CUSTOMER = 10

_PEOPLE = """
    INSERT INTO users (email, phone, full_name)
    SELECT 'past' || n || '@example.com', '+97250' || n, 'Customer ' || n FROM generate_series(1, %(users)s) AS n
"""
_STEPS = {
    "carts": """
        INSERT INTO carts (user_id, status, created_at, updated_at)
        SELECT %(user)s + 1 + n %% %(users)s, 'CHECKED_OUT', at, at
        FROM generate_series(1, %(orders)s) AS n, LATERAL (SELECT {moment} AS at) AS moment
    """,
    "orders": """
        INSERT INTO orders (order_number, user_id, cart_id, channel, stock_location_id, status, fulfillment_type,
                            currency, items_total, tax_total, total_amount, address, created_at, updated_at, ready_at,
                            delivered_at, final_items_total, final_deposit_total, final_discount_total,
                            final_reduction, final_tax_total, final_total)
        SELECT 'PAST-' || {number}, %(user)s + 1 + n %% %(users)s, %(cart)s + n, 'DELIVERY_OR_PICKUP',
               (%(places)s::bigint[])[1 + n %% 2], 'DELIVERED', 'DELIVERY', 'ILS', 30, 4, 30, n || ' Market Street',
               at, at, at + interval '2 hours', at + interval '4 hours', 30, 0, 0, 0, 4, 30
        FROM generate_series(1, %(orders)s) AS n, LATERAL (SELECT {moment} AS at) AS moment
    """,
    "order lines": """
        INSERT INTO order_items (order_id, product_id, name, sku, unit, sold_by, unit_price, quantity, line_total,
                                 tax_rate, tax_amount, picked_status, picked_quantity, final_total, final_tax_amount)
        SELECT %(order)s + n, bought.id, bought.name, bought.sku, bought.unit, 'PIECE', 5, 3, 15, 17, 2,
               'PICKED', 3, 15, 2
        FROM generate_series(1, %(orders)s) AS n CROSS JOIN generate_series(0, 1) AS line
        JOIN products AS bought ON bought.id = %(product)s + 1 + (n * 7 + line * 13) %% %(products)s
    """,
    "payments": """
        INSERT INTO payments (order_id, provider, reference, currency, requested_amount, authorized_amount,
                              captured_amount)
        SELECT %(order)s + n, 'mockpay', 'PAST-' || {number}, 'ILS', 30, 30, 30
        FROM generate_series(1, %(orders)s) AS n
    """,
    "calls to the provider": """
        INSERT INTO payment_operations (payment_id, kind, idempotency_key, amount, state, next_at)
        SELECT %(payment)s + n, kind, uuidv7(), 30, 'ok', now()
        FROM generate_series(1, %(orders)s) AS n, unnest(ARRAY['authorize', 'capture']) AS kind
    """,
    "journals": """
        INSERT INTO accounts (kind, currency) VALUES ('psp_receivable', 'ILS'), ('revenue', 'ILS')
        ON CONFLICT DO NOTHING;
        INSERT INTO journals (reference, description, order_id)
        SELECT 'capture:' || id, 'Captured', %(order)s + payment_id - %(payment)s
        FROM payment_operations WHERE payment_id > %(payment)s AND kind = 'capture' ORDER BY id;
        INSERT INTO entries (journal_id, account_id, amount)
        SELECT %(journal)s + n, accounts.id, CASE accounts.kind WHEN 'revenue' THEN 30 ELSE -30 END
        FROM generate_series(1, %(orders)s) AS n, accounts
        WHERE accounts.kind IN ('psp_receivable', 'revenue') AND accounts.owner_id IS NULL AND currency = 'ILS'
    """,
    "stock movements": """
        INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change,
                                     source_type, source_id)
        SELECT orders.stock_location_id, lines.product_id, 'sell', -3, 0, 'order_item', lines.id
        FROM order_items AS lines JOIN orders ON orders.id = lines.order_id WHERE lines.order_id > %(order)s
    """,
    "histories": """
        INSERT INTO audit_events (entity_type, entity_id, action, actor_user_id, request_id, created_at)
        SELECT 'order', id, 'order.created', user_id, md5(id::text), created_at FROM orders WHERE id > %(order)s;
        INSERT INTO notifications (user_id, kind, title, body, order_id)
        SELECT user_id, 'order.delivered', 'Your order', 'It is here', id FROM orders WHERE id > %(order)s
    """,
}
_NUMBER = "lpad(n::text, 10, '0')"
"""Ever greater as a text too: the unique indexes, which stay while rows go in, are then written at their end only."""
_TABLES = (
    *("carts", "orders", "order_items", "payments", "payment_operations"),
    *("journals", "entries", "stock_movements", "audit_events", "notifications"),
)


def customers(connection: "psycopg.Connection[Any]", orders: int) -> tuple[int, int]:
    """Customers for so many orders; the id before the first of them, and how many they are."""
    before, count = last_id(connection, "users"), max(orders // ORDERS_OF_A_CUSTOMER, 2_000)
    connection.execute(_PEOPLE, {"users": count})
    return before, count


def sell(
    connection: "psycopg.Connection[Any]",
    orders: int,
    *,
    people: tuple[int, int],
    products: tuple[int, int],
    places: list[int],
    say: Callable[[str], None],
) -> None:
    """So many orders over the last two years; `people` and `products` are the id before the first, and how many."""
    before = {name: last_id(connection, f"{name}s") for name in ("cart", "order", "payment", "journal")}
    values = {
        **before,
        "orders": orders,
        "user": people[0],
        "users": people[1],
        "product": products[0],
        "products": products[1],
        "places": places,
    }
    step = max(2 * 365 * 86400 // orders, 1)
    moment = f"now() - (%(orders)s + 1 - n) * interval '{step} seconds'"
    with without_indexes(connection, *_TABLES):
        for what, statement in _STEPS.items():
            say(f"filling {what} ...")
            connection.execute(statement.format(moment=moment, number=_NUMBER), values)
