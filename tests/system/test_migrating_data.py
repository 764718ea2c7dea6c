"""Migrations over a shop that already sells: the orders of before the staff's tables keep their meaning."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from alembic import command
from app.migrations import alembic_config, migrate
from app.services import invariants
from tests import databases
from tests.conftest import dispose, make_app

BEFORE = "0002"
HELD = ("PENDING_PAYMENT", "CANCELLING", "CREATED", "IN_PROGRESS", "MISSING")
"""What an order could be before there was picking, and the first steps of it; each of these holds its stock."""
STATES = (*HELD, "CANCELED")
QUANTITY = 3

SHOP = f"""
    INSERT INTO users (email, full_name) VALUES ('dana@example.com', 'Dana Levi');
    INSERT INTO stock_locations (kind, name, address) VALUES ('WAREHOUSE', 'Carmel', '1 Market Street');
    INSERT INTO categories (name) VALUES ('Dairy');
    INSERT INTO products (category_id, name, sku, price) VALUES (1, 'Milk', 'MILK', 7.50);
    INSERT INTO inventory (stock_location_id, product_id, available_quantity, reserved_quantity)
    VALUES (1, 1, {100 - QUANTITY * len(HELD)}, {QUANTITY * len(HELD)});
    INSERT INTO stock_movements
        (stock_location_id, product_id, kind, available_change, reserved_change, source_type, source_id)
    VALUES (1, 1, 'opening', 100, 0, 'inventory', 1);
    INSERT INTO accounts (kind, owner_id, currency, balance) VALUES ('wallet', 1, 'ILS', 0);
    INSERT INTO accounts (kind, currency) VALUES ('psp_receivable', 'ILS');
    INSERT INTO journals (reference, description) VALUES ('gift', 'A gift');
    INSERT INTO entries (journal_id, account_id, amount) VALUES (1, 1, 40), (1, 2, -40);
"""
ORDER = f"""
    INSERT INTO carts (user_id, status) VALUES (1, 'CHECKED_OUT');
    INSERT INTO orders
        (order_number, user_id, cart_id, channel, stock_location_id, status, fulfillment_type, currency, items_total,
         tax_total, total_amount, pay_deadline, canceled_at)
    SELECT 'ORD-' || id, 1, id, 'DELIVERY_OR_PICKUP', 1, '{{0}}', 'DELIVERY', 'ILS', 22.50, 0, 22.50, now(),
           CASE WHEN '{{0}}' = 'CANCELED' THEN now() END
    FROM carts ORDER BY id DESC LIMIT 1;
    INSERT INTO order_items
        (order_id, product_id, name, sku, unit, sold_by, unit_price, quantity, line_total, tax_rate, tax_amount)
    SELECT max(id), 1, 'Milk', 'MILK', 'each', 'PIECE', 7.50, {QUANTITY}, 22.50, 0, 0 FROM orders;
    INSERT INTO stock_movements
        (stock_location_id, product_id, kind, available_change, reserved_change, source_type, source_id)
    SELECT 1, 1, kind, sign * -{QUANTITY}, sign * {QUANTITY}, 'order_item', max(order_items.id)
    FROM order_items CROSS JOIN (VALUES ('allocate', 1), ('release', -1)) AS moves (kind, sign)
    WHERE kind = 'allocate' OR '{{0}}' = 'CANCELED' GROUP BY kind, sign;
    INSERT INTO payments
        (order_id, provider, reference, currency, requested_amount, authorized_amount)
    SELECT max(id), 'mockpay', 'MOCKPAY-' || max(id), 'ILS', 22.50,
           CASE WHEN '{{0}}' IN ('PENDING_PAYMENT', 'CANCELLING', 'CANCELED') THEN 0 ELSE 22.50 END FROM orders;
"""
TABLES = (
    "users",
    "stock_locations",
    "products",
    "inventory",
    "stock_movements",
    "orders",
    "order_items",
    "payments",
    "accounts",
    "journals",
    "entries",
)


@pytest.fixture
def selling() -> Iterator[Engine]:
    """A database of the revision before, with an order in each state."""
    url = databases.clone("template0")
    migrate(url, BEFORE)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(SHOP))
        for state in STATES:
            connection.execute(text(ORDER.format(state)))
    yield engine
    engine.dispose()
    databases.drop(url)


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def contents(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Every row of the tables that were there before, by column."""
    with engine.connect() as connection:
        found = {name: connection.execute(text(f"SELECT * FROM {name} ORDER BY id")).mappings() for name in TABLES}
        return {name: [dict(row) for row in rows] for name, rows in found.items()}


def test_what_was_there_is_there_still(selling: Engine) -> None:
    before = contents(selling)

    migrate(url_of(selling))

    after = contents(selling)
    for name, rows in before.items():
        assert rows
        assert [{column: new[column] for column in old} for old, new in zip(rows, after[name], strict=True)] == rows


def test_an_order_holds_its_stock_unless_it_was_cancelled(selling: Engine) -> None:
    migrate(url_of(selling))

    with selling.connect() as connection:
        lines = connection.execute(
            text("SELECT status, held_quantity FROM orders JOIN order_items ON order_items.order_id = orders.id")
        )
        assert {line.status: line.held_quantity for line in lines} == {**dict.fromkeys(HELD, QUANTITY), "CANCELED": 0}


def test_nothing_is_picked_or_settled_yet_and_prices_are_in_force(selling: Engine) -> None:
    migrate(url_of(selling))

    after = contents(selling)
    assert {(row["picked_status"], row["picked_quantity"], row["final_total"]) for row in after["order_items"]} == {
        ("PENDING", None, None)
    }
    assert {(row["picker_id"], row["ready_at"], row["final_total"]) for row in after["orders"]} == {(None, None, None)}
    assert [row["current_price"] for row in after["products"]] == [row["price"] for row in after["products"]]


def test_wallets_keep_what_was_in_them_and_go_on_following_their_entries(selling: Engine) -> None:
    migrate(url_of(selling))

    with selling.begin() as connection:
        connection.execute(text("INSERT INTO journals (reference, description) VALUES ('spent', 'Spent')"))
        connection.execute(text("INSERT INTO entries (journal_id, account_id, amount) VALUES (2, 1, -15), (2, 2, 15)"))
        balances = connection.execute(text("SELECT balance FROM accounts ORDER BY id")).scalars().all()
        known = connection.execute(text("SELECT balance_after FROM entries ORDER BY id")).scalars().all()
    assert balances == [25, None]
    assert known == [None, None, 25, None]


def test_what_was_the_supermarkets_is_so_still_and_vendors_items_need_no_category(selling: Engine) -> None:
    migrate(url_of(selling))

    after = contents(selling)
    assert {(row["shop_id"], row["category_id"]) for row in after["products"]} == {(None, 1)}
    assert {(row["payment_method"], row["wallet_paid"], row["commission"]) for row in after["orders"]} == {
        ("CARD", 0, 0)
    }
    assert {(row["role_pending"], row["phone_verified_at"]) for row in after["users"]} == {(False, None)}
    with selling.begin() as connection:
        connection.execute(
            text("INSERT INTO stock_locations (kind, name, address) VALUES ('SHOP', 'Rose Shop', 'Pune')")
        )
        connection.execute(text("INSERT INTO products (shop_id, name, sku, price) VALUES (2, 'Tea', 'MILK', 3)"))


def test_the_invariants_hold_over_the_rows_of_before(selling: Engine) -> None:
    migrate(url_of(selling))
    application = make_app(url_of(selling))

    with application.app_context():
        found = invariants.violations()

    dispose(application)
    assert {name: count for name, count in found.items() if count} == {}


def test_the_way_down_leaves_what_was_there_and_the_way_up_again_too(selling: Engine) -> None:
    before = contents(selling)
    migrate(url_of(selling))
    first = contents(selling)

    command.downgrade(alembic_config(url_of(selling)), BEFORE)
    down = contents(selling)
    migrate(url_of(selling))

    assert down == before
    assert contents(selling) == first
