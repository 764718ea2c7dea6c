"""Migrations: one line of them, up and down, the same database as the models; and the rules the database holds."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from alembic import command
from app.migrations import alembic_config, migrate
from app.models import Base
from tests import databases
from tests.shopping import make_shopper, open_shop
from tests.system import shop_rows, smart_cart_rows

APPEND_ONLY = (
    "audit_events",
    "stock_movements",
    "journals",
    "entries",
    "pick_events",
    "stock_changes",
    "order_actions",
    "order_modifications",
    "order_modification_lines",
    "device_events",
    "basket_moves",
)
TRIGGERS = {f"{table}_{rule}" for table in APPEND_ONLY for rule in ("append_only", "never_truncated")} | {
    "journals_balance",
    "entries_balance",
    "entries_move_balance",
    "products_current_price",
    "accounts_balance_follows",
    "live_events_are_told",
}

LEFT_OVERS = """
    SELECT 'relation ' || relname FROM pg_class JOIN pg_namespace AS space ON space.oid = relnamespace
    WHERE nspname = 'public'
    UNION ALL
    SELECT 'function ' || proname FROM pg_proc JOIN pg_namespace AS space ON space.oid = pronamespace
    WHERE nspname = 'public'
    UNION ALL
    SELECT 'type ' || typname FROM pg_type JOIN pg_namespace AS space ON space.oid = typnamespace
    WHERE nspname = 'public'
"""
CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype <> 't'
      AND conrelid::regclass::text <> 'alembic_version'
"""
INDEXES = """
    SELECT tablename, indexname, indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""
COLUMNS = """
    SELECT table_name, column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable,
           column_default, is_identity, generation_expression
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
"""


def empty_database() -> str:
    """The address of a new database with nothing in it."""
    return databases.clone("template0")


@pytest.fixture
def empty() -> Iterator[str]:
    url = empty_database()
    yield url
    databases.drop(url)


@pytest.fixture(scope="module")
def migrated() -> Iterator[Engine]:
    url = empty_database()
    migrate(url)
    engine = create_engine(url)
    yield engine
    engine.dispose()
    databases.drop(url)


@pytest.fixture(scope="module")
def modelled() -> Iterator[Engine]:
    """A database made from the models alone."""
    url = empty_database()
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()
    databases.drop(url)


def rows(engine: Engine, statement: str) -> set[tuple[Any, ...]]:
    with engine.connect() as connection:
        return {tuple(row) for row in connection.execute(text(statement))}


def test_there_is_one_head() -> None:
    script = ScriptDirectory.from_config(alembic_config("postgresql+psycopg://nowhere/none"))

    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1


def test_migrations_build_an_empty_database_go_down_to_nothing_and_up_again(empty: str) -> None:
    engine = create_engine(empty)
    config = alembic_config(empty)

    command.upgrade(config, "head")
    built = rows(engine, CONSTRAINTS) | rows(engine, INDEXES)
    command.downgrade(config, "base")
    left = {name for (name,) in rows(engine, LEFT_OVERS)}
    command.upgrade(config, "head")

    assert {name for name in left if "alembic_version" not in name} == set()
    assert rows(engine, CONSTRAINTS) | rows(engine, INDEXES) == built
    engine.dispose()


def test_the_first_delivery_tariff_is_that_of_the_settings(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELIVERY_MIN_TOTAL", "200")
    monkeypatch.setenv("DELIVERY_FEE_UNDER_MIN", "25.50")

    migrate(empty)

    engine = create_engine(empty)
    assert rows(engine, "SELECT delivery_min, delivery_fee FROM global_settings") == {(Decimal(200), Decimal("25.5"))}
    engine.dispose()


def test_migrating_twice_changes_nothing(empty: str) -> None:
    migrate(empty)
    migrate(empty)

    engine = create_engine(empty)
    assert rows(engine, "SELECT count(*) FROM alembic_version") == {(1,)}
    engine.dispose()


def test_alembic_goes_past_a_pooler_which_would_lend_its_session_to_others(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://pooler.invalid/shop")
    monkeypatch.setenv("DATABASE_DIRECT_URL", empty.replace("+psycopg", ""))

    command.upgrade(alembic_config(), "0001")

    engine = create_engine(empty)
    assert rows(engine, "SELECT version_num FROM alembic_version") == {("0001",)}
    engine.dispose()


def test_alembic_finds_nothing_left_to_migrate(migrated: Engine) -> None:
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})

        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize("catalog", [CONSTRAINTS, INDEXES, COLUMNS], ids=["constraints", "indexes", "columns"])
def test_migrations_and_models_make_the_same_database(migrated: Engine, modelled: Engine, catalog: str) -> None:
    """Alembic does not compare CHECKs, expressions and partial indexes: here all are compared by name and text."""
    by_migration, by_model = rows(migrated, catalog), rows(modelled, catalog)

    assert len(by_migration) > 50
    assert by_migration - by_model == set()
    assert by_model - by_migration == set()


def test_the_triggers_are_these(migrated: Engine) -> None:
    assert {name for (name,) in rows(migrated, "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")} == TRIGGERS


@pytest.fixture
def sold(client: FlaskClient, session: Session) -> Session:
    """A session that sees one paid order, with one row at least in every table about goods and money."""
    shop = open_shop(session)
    shopper = make_shopper(session, client)
    shopper.add(shop.products[0])
    assert shopper.confirm(shop).status_code == 201
    session.execute(text("INSERT INTO accounts (kind, owner_id, currency, balance) VALUES ('wallet', 1, 'ILS', 0)"))
    session.execute(text("INSERT INTO accounts (kind, currency) VALUES ('revenue', 'ILS')"))
    book(session, ("wallet", 5), ("revenue", -5))
    for statement in (*STAFF_WORK, *shop_rows.ROWS, *smart_cart_rows.ROWS):
        session.execute(text(statement))
    return session


STAFF_WORK = (
    "INSERT INTO coupons (code, description, kind, value) VALUES ('TEN', 'Ten off', 'AMOUNT', 10)",
    "INSERT INTO coupon_uses SELECT coupons.id, orders.user_id, 1 FROM coupons, orders",
    """INSERT INTO order_discounts (order_id, coupon_id, code, description, kind, value, amount)
       SELECT orders.id, coupons.id, code, description, kind, value, 10 FROM coupons, orders""",
    """INSERT INTO substitutions (order_id, order_item_id, product_id, name, sku, unit, sold_by, unit_price, quantity,
                                  line_total, tax_rate, held_quantity, status, proposed_by)
       SELECT order_id, id, product_id, name, sku, unit, sold_by, unit_price, 2, unit_price, tax_rate, 1, 'PROPOSED', 1
       FROM order_items""",
    """INSERT INTO stock_requests (stock_location_id, product_id, request_type, quantity, requested_quantity,
                                   actor_user_id)
       SELECT stock_location_id, product_id, 'ADD_QUANTITY', 5, 5, (SELECT min(id) FROM users) FROM inventory""",
    """INSERT INTO stock_locations (kind, name, address) VALUES ('STORE', 'Elsewhere', '1 Side Street')""",
    """INSERT INTO stock_transfers (from_location_id, to_location_id, requested_by)
       SELECT min(id), max(id), 1 FROM stock_locations""",
    """INSERT INTO stock_transfer_lines (transfer_id, product_id, requested_quantity)
       SELECT stock_transfers.id, inventory.product_id, 5 FROM stock_transfers, inventory""",
    """INSERT INTO pick_events (order_id, order_item_id, stock_location_id, action, quantity, actor_user_id)
       SELECT orders.id, order_items.id, stock_location_id, 'PICK', 1, 1
       FROM orders JOIN order_items ON order_items.order_id = orders.id""",
    """INSERT INTO stock_changes (stock_location_id, product_id, kind, available_before, available_after,
                                  reserved_before, reserved_after, actor_user_id)
       SELECT stock_location_id, product_id, 'adjust', 1, 2, 0, 0, 1 FROM inventory""",
)


def book(session: Session, *moves: tuple[str, int]) -> None:
    """Write a journal by hand, of (kind of account, amount), and have the database judge it now."""
    reference = session.execute(text("SELECT count(*) FROM journals")).scalar_one()
    journal = session.execute(
        text("INSERT INTO journals (reference, description) VALUES (:reference, 'by hand') RETURNING id"),
        {"reference": f"hand-{reference}"},
    ).scalar_one()
    for kind, amount in moves:
        session.execute(
            text(
                "INSERT INTO entries (journal_id, account_id, amount) SELECT :journal, id, :amount FROM accounts"
                " WHERE kind = :kind ORDER BY id LIMIT 1"
            ),
            {"journal": journal, "amount": amount, "kind": kind},
        )
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    session.execute(text("SET CONSTRAINTS ALL DEFERRED"))


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("change", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_what_happened_is_never_changed(sold: Session, table: str, change: str) -> None:
    with pytest.raises(IntegrityError, match="append-only"), sold.begin_nested():
        sold.execute(text(change.format(table)))


def test_a_journal_that_balances_moves_the_wallet(sold: Session) -> None:
    book(sold, ("wallet", 7), ("revenue", -7))

    assert sold.execute(text("SELECT balance FROM accounts WHERE kind = 'wallet'")).scalar_one() == 12


def test_an_entry_knows_the_balance_it_left_behind(sold: Session) -> None:
    book(sold, ("wallet", 7), ("revenue", -7))

    known = sold.execute(text("SELECT amount, balance_after FROM entries ORDER BY id")).all()
    assert [tuple(row) for row in known][-2:] == [(7, 12), (-7, None)]


@pytest.mark.parametrize(
    "by_hand",
    [
        "UPDATE accounts SET balance = balance + 1 WHERE kind = 'wallet'",
        "UPDATE accounts SET balance = 0 WHERE kind = 'wallet'",
    ],
)
def test_no_balance_is_set_by_hand(sold: Session, by_hand: str) -> None:
    with pytest.raises(IntegrityError, match="a balance follows its entries"), sold.begin_nested():
        sold.execute(text(by_hand))


def test_an_account_opens_with_nothing(sold: Session) -> None:
    with pytest.raises(IntegrityError, match="opens with nothing"), sold.begin_nested():
        sold.execute(text("INSERT INTO accounts (kind, owner_id, currency, balance) VALUES ('wallet', 9, 'ILS', 1)"))


@pytest.mark.parametrize(
    "moves",
    [
        (),
        (("wallet", 5),),
        (("wallet", 5), ("revenue", -4)),
        (("wallet", 5), ("wallet", 5), ("revenue", -5)),
    ],
)
def test_a_journal_out_of_balance_is_refused(sold: Session, moves: tuple[tuple[str, int], ...]) -> None:
    with pytest.raises(IntegrityError, match="does not balance"), sold.begin_nested():
        book(sold, *moves)


def test_an_entry_added_to_an_old_journal_is_refused(sold: Session) -> None:
    add = "INSERT INTO entries (journal_id, account_id, amount) SELECT journal_id, account_id, 1 FROM entries LIMIT 1"

    with pytest.raises(IntegrityError, match="does not balance"), sold.begin_nested():
        sold.execute(text(f"{add}; SET CONSTRAINTS ALL IMMEDIATE"))


def test_a_journal_out_of_balance_is_refused_at_the_commit(template: str) -> None:
    with databases.cloned(template) as url:
        engine = create_engine(url)
        with engine.connect() as connection:
            connection.execute(text("INSERT INTO journals (reference, description) VALUES ('x', 'empty')"))

            with pytest.raises(IntegrityError, match="does not balance"):
                connection.commit()
        engine.dispose()


GUARDED = (
    "accounts",
    "cart_items",
    "carts",
    "coupon_uses",
    "coupons",
    "delivery_slots",
    "entries",
    "global_settings",
    "idempotency_keys",
    "inventory",
    "order_discounts",
    "order_items",
    "orders",
    "payment_operations",
    "payments",
    "products",
    "slot_occurrences",
    "stock_movements",
    "stock_requests",
    "stock_transfer_lines",
    "stock_transfers",
    "substitutions",
    *shop_rows.TABLES,
    *smart_cart_rows.TABLES,
)
WORDS = [
    *shop_rows.WORDS,
    *smart_cart_rows.WORDS,
    ("accounts", "kind"),
    ("carts", "channel"),
    ("carts", "status"),
    ("order_discounts", "kind"),
    ("order_items", "picked_status"),
    ("order_items", "sold_by"),
    ("order_items", "substitution_preference"),
    ("orders", "channel"),
    ("orders", "delayed_from"),
    ("orders", "fulfillment_type"),
    ("orders", "status"),
    ("payment_operations", "kind"),
    ("payment_operations", "state"),
    ("payments", "provider"),
    ("products", "sold_by"),
    ("stock_requests", "priority"),
    ("stock_requests", "request_type"),
    ("stock_transfers", "status"),
    ("substitutions", "sold_by"),
    ("substitutions", "status"),
]


def final(**wrong: str) -> str:
    """Settle the order at 10.00 and its delivery fee, with some amounts wrong."""
    amounts = dict.fromkeys(("final_items_total", "final_total"), "10")
    amounts |= dict.fromkeys(("final_deposit_total", "final_discount_total", "final_reduction", "final_tax_total"), "0")
    amounts |= {"final_total": "10 + delivery_fee", **wrong}
    return "UPDATE orders SET ready_at = now(), " + ", ".join(f"{name} = {value}" for name, value in amounts.items())


BROKEN = {
    **shop_rows.BROKEN,
    **smart_cart_rows.BROKEN,
    **{f"ck_{table}_{column}": f"UPDATE {table} SET {column} = 'NONSENSE'" for table, column in WORDS},
    "ck_idempotency_keys_state": "UPDATE idempotency_keys SET state = 'NONSENSE', status = NULL",
    "ck_accounts_balance_not_negative": """
        INSERT INTO entries (journal_id, account_id, amount)
        SELECT min(journal_id), accounts.id, -1000 FROM entries, accounts WHERE kind = 'wallet' GROUP BY accounts.id
    """,
    "ck_accounts_balance_only_where_kept": "INSERT INTO accounts (kind, currency, balance) VALUES ('fees', 'ILS', 0)",
    "ck_cart_items_quantity_range": "UPDATE cart_items SET quantity = 0",
    "ck_cart_items_unit_price_not_negative": "UPDATE cart_items SET unit_price = -0.01",
    "ck_carts_user_or_guest": "UPDATE carts SET guest_token_hash = 'x'",
    "ck_coupon_uses_used_not_negative": "UPDATE coupon_uses SET used_count = -1",
    "ck_coupons_amount_positive": "UPDATE coupons SET value = 0",
    "ck_coupons_code_upper_case": "UPDATE coupons SET code = 'ten'",
    "ck_coupons_free_delivery_has_no_value": "UPDATE coupons SET kind = 'FREE_DELIVERY'",
    "ck_coupons_kind": "UPDATE coupons SET kind = 'NONSENSE'",
    "ck_coupons_max_discount_positive": "UPDATE coupons SET max_discount = 0",
    "ck_coupons_minimum_not_negative": "UPDATE coupons SET minimum_total = -0.01",
    "ck_coupons_per_user_limit_positive": "UPDATE coupons SET per_user_limit = 0",
    "ck_coupons_percent_range": "UPDATE coupons SET kind = 'PERCENT', value = 100.01",
    "ck_coupons_starts_before_end": "UPDATE coupons SET starts_at = now(), ends_at = now()",
    "ck_coupons_usage_limit_positive": "UPDATE coupons SET usage_limit = 0",
    "ck_coupons_used_not_negative": "UPDATE coupons SET used_count = -1",
    "ck_delivery_slots_capacity_not_negative": "UPDATE delivery_slots SET capacity = -1",
    "ck_delivery_slots_cutoff_not_negative": "UPDATE delivery_slots SET cutoff_minutes = -1",
    "ck_delivery_slots_day_of_week": "UPDATE delivery_slots SET day_of_week = 7",
    "ck_delivery_slots_starts_before_end": "UPDATE delivery_slots SET end_time = start_time",
    "ck_entries_amount_not_zero": "INSERT INTO entries (journal_id, account_id, amount) VALUES (1, 1, 0)",
    "ck_global_settings_delivery_fee_not_negative": "UPDATE global_settings SET delivery_fee = -1",
    "ck_global_settings_delivery_min_not_negative": "UPDATE global_settings SET delivery_min = -1",
    "ck_global_settings_free_threshold_not_negative": "UPDATE global_settings SET free_threshold = -1",
    "ck_global_settings_one_row": "INSERT INTO global_settings (id) VALUES (2)",
    "ck_idempotency_keys_done_has_answer": "UPDATE idempotency_keys SET status = NULL WHERE state = 'done'",
    "ck_inventory_available_not_negative": "UPDATE inventory SET available_quantity = -1",
    "ck_inventory_reserved_not_negative": "UPDATE inventory SET reserved_quantity = -1",
    "ck_inventory_reorder_point_not_negative": "UPDATE inventory SET reorder_point = -1",
    "ck_order_discounts_amount_not_negative": "UPDATE order_discounts SET amount = -0.01",
    "ck_order_items_discount_within_line": "UPDATE order_items SET discount_amount = line_total + 0.01",
    "ck_order_items_final_tax_within_line": "UPDATE order_items SET final_total = 1, final_tax_amount = 1.01",
    "ck_order_items_final_total_not_negative": "UPDATE order_items SET final_total = -0.01",
    "ck_order_items_held_not_negative": "UPDATE order_items SET held_quantity = -1",
    "ck_order_items_missing_not_negative": "UPDATE order_items SET missing_quantity = -1",
    "ck_order_items_picked_has_quantity": "UPDATE order_items SET picked_status = 'PICKED'",
    "ck_order_items_picked_weight_positive": "UPDATE order_items SET picked_weight_grams = 0",
    "ck_order_items_picked_within_ordered": """
        UPDATE order_items SET picked_status = 'PICKED', picked_quantity = quantity + 1
    """,
    "ck_order_items_this_product_is_named": "UPDATE order_items SET substitution_preference = 'THIS_PRODUCT'",
    "ck_order_items_line_total_adds_up": "UPDATE order_items SET line_total = line_total + 0.01",
    "ck_order_items_quantity_positive": "UPDATE order_items SET quantity = 0, line_total = 0, tax_amount = 0",
    "ck_order_items_tax_within_line": "UPDATE order_items SET tax_amount = line_total + 0.01",
    "ck_order_items_unit_deposit_not_negative": "UPDATE order_items SET unit_deposit = -0.01",
    "ck_order_items_unit_price_not_negative": """
        ALTER TABLE order_items DROP CONSTRAINT ck_order_items_tax_within_line;
        ALTER TABLE order_items DROP CONSTRAINT ck_order_items_discount_within_line;
        UPDATE order_items SET unit_price = -1, line_total = -quantity
    """,
    "ck_orders_canceled_has_time": "UPDATE orders SET canceled_at = now()",
    "ck_orders_delayed_knows_from_where": "UPDATE orders SET status = 'DELAYED'",
    "ck_orders_delivered_has_time": "UPDATE orders SET delivered_at = now()",
    "ck_orders_final_all_or_nothing": "UPDATE orders SET ready_at = now(), final_total = 1",
    "ck_orders_final_deposit_total_not_negative": final(final_deposit_total="-1"),
    "ck_orders_final_discount_total_not_negative": final(final_discount_total="-1"),
    "ck_orders_final_items_total_not_negative": final(final_items_total="-1"),
    "ck_orders_final_reduction_not_negative": final(final_reduction="-1"),
    "ck_orders_final_tax_within_total": final(final_tax_total="1000"),
    "ck_orders_final_total_adds_up": final(final_total="11 + delivery_fee"),
    "ck_orders_final_total_not_negative": f"""
        ALTER TABLE orders DROP CONSTRAINT ck_orders_final_tax_within_total;
        {final(final_discount_total="11 + delivery_fee", final_total="-1")}
    """,
    "ck_orders_packed_has_time": "UPDATE orders SET status = 'READY'",
    "ck_orders_ready_has_final_total": "UPDATE orders SET ready_at = now()",
    "ck_orders_delivery_fee_not_negative": "UPDATE orders SET delivery_fee = -1",
    "ck_orders_deposit_total_not_negative": "UPDATE orders SET deposit_total = -1",
    "ck_orders_discount_total_not_negative": "UPDATE orders SET discount_total = -1",
    "ck_orders_items_total_not_negative": "UPDATE orders SET items_total = -1",
    "ck_orders_pending_has_deadline": "UPDATE orders SET status = 'PENDING_PAYMENT', pay_deadline = NULL",
    "ck_orders_slot_starts_before_end": "UPDATE orders SET slot_end = slot_start",
    "ck_orders_tax_within_total": "UPDATE orders SET tax_total = total_amount + 0.01",
    "ck_orders_total_adds_up": "UPDATE orders SET total_amount = total_amount + 0.01",
    "ck_orders_total_amount_not_negative": """
        ALTER TABLE orders DROP CONSTRAINT ck_orders_tax_within_total;
        ALTER TABLE orders DROP CONSTRAINT ck_orders_commission_within_total;
        UPDATE orders SET total_amount = -1, discount_total = items_total + deposit_total + delivery_fee + 1
    """,
    "ck_payment_operations_amount_positive": "UPDATE payment_operations SET amount = 0",
    "ck_payment_operations_attempts_not_negative": "UPDATE payment_operations SET attempts = -1",
    "ck_payments_captured_within_authorized": "UPDATE payments SET captured_amount = authorized_amount + 0.01",
    "ck_payments_refunded_within_captured": "UPDATE payments SET refunded_amount = captured_amount + 0.01",
    "ck_payments_refunds_not_negative": "UPDATE payments SET refund_pending_amount = -0.01",
    "ck_payments_requested_positive": "UPDATE payments SET requested_amount = 0",
    "ck_products_active_has_price": "UPDATE products SET price = 0",
    "ck_products_age_limit_in_years": "UPDATE products SET age_limit = 0",
    "ck_products_by_weight_has_estimate": "UPDATE products SET sold_by = 'WEIGHT', estimated_weight_grams = NULL",
    "ck_products_compare_at_price_not_negative": "UPDATE products SET compare_at_price = -0.01",
    "ck_products_deposit_not_negative": "UPDATE products SET deposit = -0.01",
    "ck_products_estimated_weight_positive": "UPDATE products SET estimated_weight_grams = 0",
    "ck_products_price_not_negative": "UPDATE products SET price = -0.01, is_active = false",
    "ck_products_sale_all_or_nothing": "UPDATE products SET sale_price = 1",
    "ck_products_sale_price_positive": """
        UPDATE products SET sale_price = 0, sale_starts_at = now(), sale_ends_at = now() + interval '1 day'
    """,
    "ck_products_sale_starts_before_end": """
        UPDATE products SET sale_price = 1, sale_starts_at = now(), sale_ends_at = now()
    """,
    "ck_products_tax_rate_percent": "UPDATE products SET tax_rate = 100",
    "ck_products_weight_positive": "UPDATE products SET weight_grams = 0",
    "ck_slot_occurrences_booked_within_capacity": "UPDATE slot_occurrences SET booked = capacity + 1",
    "ck_stock_requests_quantity_range": "UPDATE stock_requests SET quantity = 10001",
    "ck_stock_requests_rejected_has_reason": "UPDATE stock_requests SET status = 'REJECTED', reviewed_at = now()",
    "ck_stock_requests_requested_quantity_range": "UPDATE stock_requests SET requested_quantity = 0",
    "ck_stock_requests_reviewed_has_time": "UPDATE stock_requests SET reviewed_at = now()",
    "ck_stock_requests_status": "UPDATE stock_requests SET status = 'NONSENSE', reviewed_at = now()",
    "ck_stock_transfer_lines_received_not_negative": "UPDATE stock_transfer_lines SET received_quantity = -1",
    "ck_stock_transfer_lines_requested_positive": "UPDATE stock_transfer_lines SET requested_quantity = 0",
    "ck_stock_transfer_lines_sent_not_negative": "UPDATE stock_transfer_lines SET sent_quantity = -1",
    "ck_stock_transfers_received_has_time": "UPDATE stock_transfers SET received_at = now()",
    "ck_stock_transfers_sent_has_time": "UPDATE stock_transfers SET sent_at = now()",
    "ck_stock_transfers_two_places": "UPDATE stock_transfers SET to_location_id = from_location_id",
    "ck_substitutions_held_within_quantity": "UPDATE substitutions SET held_quantity = quantity + 1",
    "ck_substitutions_never_above_own_price": "UPDATE substitutions SET line_total = unit_price * quantity + 0.01",
    "ck_substitutions_quantity_positive": """
        ALTER TABLE substitutions DROP CONSTRAINT ck_substitutions_held_within_quantity;
        UPDATE substitutions SET quantity = 0, line_total = 0
    """,
    "ck_substitutions_unit_deposit_not_negative": "UPDATE substitutions SET unit_deposit = -0.01",
    "ck_substitutions_unit_price_not_negative": """
        ALTER TABLE substitutions DROP CONSTRAINT ck_substitutions_never_above_own_price;
        UPDATE substitutions SET unit_price = -0.01
    """,
    "ck_stock_movements_kind": """
        INSERT INTO stock_movements
            (stock_location_id, product_id, kind, available_change, reserved_change, source_type, source_id)
        SELECT stock_location_id, product_id, 'NONSENSE', 1, 0, 'test', 1 FROM stock_movements LIMIT 1
    """,
}


def test_every_check_on_goods_and_money_has_a_case_here(migrated: Engine) -> None:
    found = rows(migrated, "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c'")

    assert {name for table, name in found if table in GUARDED} == set(BROKEN)


@pytest.mark.parametrize("check", sorted(BROKEN))
def test_the_check_bites(sold: Session, check: str) -> None:
    """PostgreSQL names the first CHECK, in the order of names, that a row breaks: one in the way is dropped first."""
    with pytest.raises(IntegrityError) as refused, sold.begin_nested():
        sold.execute(text(BROKEN[check]))

    assert refused.value.orig.diag.constraint_name == check  # type: ignore[union-attr]
