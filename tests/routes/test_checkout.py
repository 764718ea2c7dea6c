"""Preview, confirm and cancel over HTTP."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, text, update
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.enums import LocationKind, SoldBy
from app.models import (
    AuditEvent,
    IdempotencyKey,
    Inventory,
    Order,
    OutboxEvent,
    Payment,
    PaymentOperation,
    PaymentToken,
    SlotOccurrence,
)
from app.services.retention import running
from tests import factories
from tests.conftest import Statements
from tests.shopping import Shop, Shopper, assert_sound, make_shopper, one, open_shop

DECLINED_CARD = "4000000000000002"
SILENT_CARD = "4000000000000119"


@pytest.fixture
def shop(session: Session) -> Shop:
    return open_shop(session, stock=5)


@pytest.fixture
def shopper(client: FlaskClient, session: Session, shop: Shop) -> Shopper:
    """A customer with two pieces of the shop's one product in the cart."""
    made = make_shopper(session, client)
    made.add(shop.products[0], 2)
    return made


def preview(shopper: Shopper, **body: Any) -> Any:
    return shopper.post("/checkout/preview", json={"cart_id": shopper.cart_id(), **body})


class TestPreview:
    def test_it_prices_the_basket_with_the_fee_of_the_settings(self, shopper: Shopper) -> None:
        answer = preview(shopper)

        assert answer.status_code == 200
        totals = answer.json["data"]
        assert (totals["cart_total"], totals["delivery_fee"], totals["total"]) == (20.0, 30.0, 50.0)
        assert totals["missing_items"] == []

    def test_delivery_is_free_from_the_minimum_on(self, shopper: Shopper, session: Session) -> None:
        session.execute(text("UPDATE global_settings SET delivery_min = 20"))
        session.commit()

        assert preview(shopper).json["data"]["delivery_fee"] == 0

    def test_a_pickup_has_no_fee(self, shopper: Shopper, shop: Shop) -> None:
        answer = preview(shopper, fulfillment_type="PICKUP", branch_id=shop.warehouse.id)

        assert answer.json["data"]["delivery_fee"] is None

    def test_it_names_what_is_missing_and_what_changed_its_price(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        session.execute(text("UPDATE products SET price = 11.5"))
        session.execute(text("UPDATE inventory SET available_quantity = 1"))
        session.commit()

        data = preview(shopper).json["data"]

        product = shop.products[0].id
        assert data["cart_total"] == 23.0
        assert data["changed_prices"] == [product]
        assert data["missing_items"] == [{"product_id": product, "requested_quantity": 2, "available_quantity": 1}]

    def test_a_strangers_cart_is_not_found(self, shopper: Shopper, client: FlaskClient, session: Session) -> None:
        stranger = make_shopper(session, client)

        answer = stranger.post("/checkout/preview", json={"cart_id": shopper.cart_id()})

        assert (answer.status_code, answer.json["error"]["code"]) == (404, "NOT_FOUND")

    def test_an_empty_cart_may_be_previewed(self, client: FlaskClient, session: Session, shop: Shop) -> None:
        assert preview(make_shopper(session, client)).json["data"]["cart_total"] == 0

    def test_weighed_goods_ask_for_a_buffer(self, client: FlaskClient, session: Session, shop: Shop) -> None:
        banana = factories.make_product(
            session,
            stock={shop.warehouse: 50},
            price=Decimal("8.90"),
            sold_by=SoldBy.WEIGHT,
            estimated_weight_grams=150,
        )
        shopper = make_shopper(session, client)
        shopper.add(banana, 10)

        data = preview(shopper).json["data"]

        assert data["cart_total"] == 13.4
        assert data["total"] == 43.4
        assert data["authorization_amount"] == 44.74

    def test_deposits_are_lines_of_their_own(self, client: FlaskClient, session: Session, shop: Shop) -> None:
        cola = factories.make_product(session, stock={shop.warehouse: 9}, deposit=Decimal("0.30"))
        shopper = make_shopper(session, client)
        shopper.add(cola, 6)

        data = preview(shopper).json["data"]

        assert (data["cart_total"], data["deposit_total"], data["total"]) == (60.0, 1.8, 91.8)


class TestConfirm:
    def test_it_takes_stock_holds_the_money_and_closes_the_cart(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        answer = shopper.confirm(shop)

        assert answer.status_code == 201
        order = one(session, Order)
        data = answer.json["data"]
        assert data == {
            "order_id": order.id,
            "order_number": order.order_number,
            "total_paid": 50.0,
            "payment_reference": f"MOCKPAY-1-{order.id:08x}",
        }
        assert order.status == "CREATED"
        assert order.tax_total == Decimal("7.63")
        stock = one(session, Inventory)
        assert (stock.available_quantity, stock.reserved_quantity) == (3, 2)
        assert one(session, Payment).authorized_amount == Decimal("50.00")
        assert shopper.get("/cart").json["data"]["items"] == []
        assert_sound()

    def test_order_and_audit_and_event_are_written_together(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        shopper.confirm(shop)

        actions = session.execute(select(AuditEvent.entity_type, AuditEvent.action).order_by(AuditEvent.id)).all()
        assert ("order", "CREATE") in actions
        assert ("inventory", "DECREMENT") in actions
        taken = session.execute(select(AuditEvent).where(AuditEvent.action == "DECREMENT")).scalar_one()
        product_id = str(shop.products[0].id)
        assert taken.old_value == {"available": {product_id: 5}}
        assert taken.new_value == {
            "available": {product_id: 3},
            "lines": {product_id: -2},
            "order_id": one(session, Order).id,
        }
        topics = session.execute(select(OutboxEvent.topic).order_by(OutboxEvent.id)).scalars().all()
        assert topics[-2:] == ["order.placed", "order.confirmed"]

    def test_the_same_key_and_body_replays_the_answer_without_a_second_charge(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        cart_id = shopper.cart_id()
        first = shopper.confirm(shop, key="again", cart_id=cart_id)

        second = shopper.confirm(shop, key="again", cart_id=cart_id)

        assert (first.status_code, second.status_code) == (201, 200)
        assert second.headers["Idempotent-Replayed"] == "true"
        assert second.json == first.json
        assert len(session.execute(select(Order)).all()) == 1

    def test_the_same_key_with_another_body_is_refused(self, shopper: Shopper, shop: Shop) -> None:
        cart_id = shopper.cart_id()
        shopper.confirm(shop, key="again", cart_id=cart_id)

        answer = shopper.confirm(shop, key="again", cart_id=cart_id, address="Elsewhere 5, Haifa")

        assert (answer.status_code, answer.json["error"]["code"]) == (409, "IDEMPOTENCY_KEY_REUSE_MISMATCH")

    def test_another_key_for_a_sold_cart_answers_with_its_order(self, shopper: Shopper, shop: Shop) -> None:
        cart_id = shopper.cart_id()
        first = shopper.confirm(shop, key="one", cart_id=cart_id)

        second = shopper.confirm(shop, key="two", cart_id=cart_id)
        replayed = shopper.confirm(shop, key="two", cart_id=cart_id)

        assert second.json == first.json == replayed.json
        assert (second.status_code, replayed.status_code) == (200, 200)

    @pytest.mark.parametrize("key", ["one", "two"], ids=["the same key", "another key"])
    def test_a_sold_cart_is_answered_with_its_order_long_after_the_keys_were_forgotten(
        self, shopper: Shopper, shop: Shop, session: Session, key: str
    ) -> None:
        cart_id = shopper.cart_id()
        first = shopper.confirm(shop, key="one", cart_id=cart_id)
        forget_keys(session)

        again = shopper.confirm(shop, key=key, cart_id=cart_id)

        assert (again.status_code, again.json) == (200, first.json)
        assert one(session, IdempotencyKey).state == "done"

    @pytest.mark.parametrize("key", ["", "with space", "x" * 129, "schlüssel"])
    def test_a_missing_or_odd_key_is_refused(self, shopper: Shopper, shop: Shop, key: str) -> None:
        form = {"cart_id": shopper.cart_id(), "payment_token_id": 1, "delivery_slot_id": shop.slot.id}
        headers = {**shopper.headers, "Idempotency-Key": key.encode().decode("latin-1")}

        answer = shopper.client.post("/api/v1/checkout/confirm", json=form, headers=headers)

        assert (answer.status_code, answer.json["error"]["code"]) == (400, "MISSING_IDEMPOTENCY_KEY")

    def test_a_missing_key_is_named_before_a_fault_of_the_body(self, shopper: Shopper, shop: Shop) -> None:
        answer = shopper.client.post("/api/v1/checkout/confirm", json={}, headers=shopper.headers)

        assert (answer.status_code, answer.json["error"]["code"]) == (400, "MISSING_IDEMPOTENCY_KEY")

    def test_short_stock_sells_nothing_and_leaves_the_key_free(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        cart_id = shopper.cart_id()
        session.execute(text("UPDATE inventory SET available_quantity = 1"))
        session.commit()
        refused = shopper.confirm(shop, key="k", cart_id=cart_id)
        session.execute(text("UPDATE inventory SET available_quantity = 5"))
        session.commit()

        answer = shopper.confirm(shop, key="k", cart_id=cart_id)

        assert (refused.status_code, refused.json["error"]["code"]) == (409, "INSUFFICIENT_STOCK")
        missing = {"product_id": shop.products[0].id, "requested_quantity": 2, "available_quantity": 1}
        assert refused.json["error"]["details"] == {"missing": [missing]}
        assert answer.status_code == 201

    def test_a_price_that_differs_from_the_expected_total_is_refused(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        session.execute(text("UPDATE products SET price = 12"))
        session.commit()

        answer = shopper.confirm(shop, expected_total="50.00")

        assert (answer.status_code, answer.json["error"]["code"]) == (409, "PRICE_CHANGED")
        assert answer.json["error"]["details"] == {"total": 54.0}
        assert one(session, Inventory).reserved_quantity == 0

    def test_an_order_is_sold_at_todays_price(self, shopper: Shopper, shop: Shop, session: Session) -> None:
        session.execute(text("UPDATE products SET price = 12"))
        session.commit()

        assert shopper.confirm(shop, expected_total=54).json["data"]["total_paid"] == 54.0

    @pytest.mark.parametrize(
        ("change", "status", "code"),
        [
            ({"cart_id": 987654}, 404, "NOT_FOUND"),
            ({"payment_token_id": 987654}, 404, "PAYMENT_TOKEN_NOT_FOUND"),
            ({"delivery_slot_id": None}, 400, "BAD_REQUEST"),
            ({"delivery_slot_id": 987654}, 404, "NOT_FOUND"),
            ({"fulfillment_type": "PICKUP"}, 400, "BAD_REQUEST"),
            ({"fulfillment_type": "PICKUP", "branch_id": 987654}, 404, "NOT_FOUND"),
            ({"fulfillment_type": "DRONE"}, 400, "VALIDATION_ERROR"),
            ({"address": "x"}, 400, "VALIDATION_ERROR"),
            ({"surprise": 1}, 400, "VALIDATION_ERROR"),
            ({"expected_total": "NaN"}, 400, "VALIDATION_ERROR"),
            ({"delivery_date": "2020-01-05"}, 400, "INVALID_SLOT"),
        ],
    )
    def test_refusals(
        self, shopper: Shopper, shop: Shop, session: Session, change: dict[str, Any], status: int, code: str
    ) -> None:
        answer = shopper.confirm(shop, **change)

        assert (answer.status_code, answer.json["error"]["code"]) == (status, code)
        assert session.execute(select(Order)).all() == []

    @pytest.mark.parametrize(
        ("change", "status", "code"),
        [
            ("UPDATE payment_tokens SET is_active = false", 400, "PAYMENT_TOKEN_INACTIVE"),
            (
                "UPDATE payment_tokens SET provider = 'stripe', user_id = (SELECT max(id) FROM users)",
                400,
                "UNSUPPORTED_PROVIDER",
            ),
            ("UPDATE delivery_slots SET is_active = false", 404, "NOT_FOUND"),
            ("UPDATE stock_locations SET is_active = false", 404, "NOT_FOUND"),
            ("UPDATE categories SET is_active = false", 409, "INSUFFICIENT_STOCK"),
        ],
    )
    def test_what_was_switched_off_meanwhile_is_not_used(
        self, shopper: Shopper, shop: Shop, session: Session, change: str, status: int, code: str
    ) -> None:
        session.execute(text(change))
        session.commit()

        answer = shopper.confirm(shop)

        assert (answer.status_code, answer.json["error"]["code"]) == (status, code)
        assert session.execute(select(Order)).all() == []

    def test_the_shared_demo_card_is_nobodys_where_a_real_provider_is_used(
        self, shopper: Shopper, shop: Shop, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = app.extensions["settings"].model_copy(update={"payment_provider": "stripe"})
        monkeypatch.setitem(app.extensions, "settings", real)

        answer = shopper.confirm(shop)

        assert (answer.status_code, answer.json["error"]["code"]) == (404, "PAYMENT_TOKEN_NOT_FOUND")

    def test_payment_key_and_first_sweep_have_their_times(self, shopper: Shopper, shop: Shop, session: Session) -> None:
        shopper.confirm(shop)

        order = one(session, Order)
        assert order.pay_deadline - order.created_at == timedelta(minutes=15)
        assert one(session, IdempotencyKey).expires_at - order.created_at == timedelta(hours=24)
        assert one(session, PaymentOperation).next_at - order.created_at == timedelta(seconds=30)

    def test_an_empty_cart_is_refused(self, client: FlaskClient, session: Session, shop: Shop) -> None:
        answer = make_shopper(session, client).confirm(shop)

        assert (answer.status_code, answer.json["error"]["code"]) == (400, "CART_EMPTY")

    def test_a_strangers_cart_and_card_are_not_found(
        self, shopper: Shopper, shop: Shop, client: FlaskClient, session: Session
    ) -> None:
        stranger = make_shopper(session, client)
        card = shopper.post("/me/payment-tokens", json={"card_number": "4242424242424242"}).json["data"]
        stranger.add(shop.products[0])

        foreign_cart = stranger.confirm(shop, cart_id=shopper.cart_id())
        foreign_card = stranger.confirm(shop, payment_token_id=card["payment_token_id"])

        assert (foreign_cart.status_code, foreign_cart.json["error"]["code"]) == (404, "NOT_FOUND")
        assert (foreign_card.status_code, foreign_card.json["error"]["code"]) == (404, "PAYMENT_TOKEN_NOT_FOUND")

    def test_an_inactive_product_counts_as_missing(self, shopper: Shopper, shop: Shop, session: Session) -> None:
        session.execute(text("UPDATE products SET is_active = false"))
        session.commit()

        answer = shopper.confirm(shop)

        assert answer.json["error"]["code"] == "INSUFFICIENT_STOCK"
        assert answer.json["error"]["details"]["missing"][0]["available_quantity"] == 0

    def test_the_default_address_is_used_when_none_is_sent(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        home = {"address_line": "7 Palm Road", "city": "Jaffa", "postal_code": "6801234", "country": "Israel"}
        shopper.post("/me/addresses", json=home)

        shopper.confirm(shop, address=None)

        assert one(session, Order).address == "7 Palm Road, Jaffa, 6801234, Israel"

    def test_the_card_is_kept_as_the_only_default_when_wished(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        card(shopper, "4242424242424242")
        second = card(shopper, "4111111111111111")

        shopper.confirm(shop, payment_token_id=second, save_as_default=True)

        defaults = session.execute(select(PaymentToken.id).where(PaymentToken.is_default)).scalars().all()
        assert defaults == [second]

    def test_the_shared_demo_card_never_becomes_a_default(self, shopper: Shopper, shop: Shop, session: Session) -> None:
        own = card(shopper, "4242424242424242")

        shopper.confirm(shop, save_as_default=True)

        defaults = session.execute(select(PaymentToken.id).where(PaymentToken.is_default)).scalars().all()
        assert defaults == [own]

    def test_a_pickup_takes_stock_of_its_branch_and_lasts_two_hours(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        branch = factories.make_location(session)
        factories.make_stock(session, shop.products[0], branch, 9)

        answer = shopper.confirm(shop, fulfillment_type="PICKUP", branch_id=branch.id, delivery_slot_id=None)

        assert answer.json["data"]["total_paid"] == 20.0
        order = one(session, Order)
        assert order.stock_location_id == branch.id
        assert order.slot_end - order.slot_start == timedelta(hours=2)
        assert_sound()

    def test_a_closed_branch_is_none_to_pick_up_from(self, shopper: Shopper, shop: Shop, session: Session) -> None:
        closed = factories.make_location(session, is_active=False)

        answer = shopper.confirm(shop, fulfillment_type="PICKUP", branch_id=closed.id)

        assert (answer.status_code, answer.json["error"]["code"]) == (404, "NOT_FOUND")

    def test_a_vendors_shop_is_no_branch_to_pick_up_from(self, shopper: Shopper, shop: Shop, session: Session) -> None:
        vendor = factories.make_location(session, kind=LocationKind.SHOP)
        factories.make_stock(session, shop.products[0], vendor, 9)

        answer = shopper.confirm(shop, fulfillment_type="PICKUP", branch_id=vendor.id)

        assert (answer.status_code, answer.json["error"]["code"]) == (404, "NOT_FOUND")

    def test_it_is_placed_in_four_statements_and_done_in_eight_whatever_the_number_of_lines(
        self, client: FlaskClient, session: Session, statements: Statements
    ) -> None:
        shop = open_shop(session, products=20)
        shopper = make_shopper(session, client)
        for product in shop.products:
            shopper.add(product)
        cart_id = shopper.cart_id()
        statements.clear()

        answer = shopper.confirm(shop, cart_id=cart_id)

        assert answer.status_code == 201
        placed = next(i for i, s in enumerate(statements) if "INSERT INTO orders" in s)
        first = next(i for i, s in enumerate(statements) if "pg_try_advisory_xact_lock" in s)
        assert placed - first + 1 <= 4
        assert len(statements) <= 8

    def test_the_statement_that_writes_it_looks_up_its_stock_and_does_not_read_the_whole_branch(
        self, client: FlaskClient, session: Session
    ) -> None:
        shop = open_shop(session, products=5)
        _fill_the_shelves(session, shop)
        shopper = make_shopper(session, client)
        for product in shop.products:
            shopper.add(product)
        sent: list[tuple[str, Any]] = []
        bind = session.connection()

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            if "INSERT INTO orders" in statement:
                sent.append((statement, parameters))

        event.listen(bind, "before_cursor_execute", note)
        answer = shopper.confirm(shop)
        event.remove(bind, "before_cursor_execute", note)

        [(statement, parameters)] = sent
        driver: Any = bind.connection.dbapi_connection
        plan = "\n".join(row[0] for row in psycopg.RawCursor(driver).execute(f"EXPLAIN {statement}", parameters))
        assert answer.status_code == 201
        assert "Seq Scan on inventory" not in plan
        assert "Hash Join" not in plan

    def test_a_whole_order_of_five_lines_takes_at_most_thirty_one(
        self, client: FlaskClient, session: Session, statements: Statements
    ) -> None:
        shop = open_shop(session, products=5)
        shopper = make_shopper(session, client)
        statements.clear()

        carts = [shopper.add(product).json["data"]["id"] for product in shop.products]
        shopper.post("/checkout/preview", json={"cart_id": carts[0]})
        answer = shopper.confirm(shop, cart_id=carts[0])

        assert answer.status_code == 201
        assert len(statements) <= 31


def _fill_the_shelves(session: Session, shop: Shop) -> None:
    """Four thousand more products in the warehouse, and PostgreSQL told."""
    place, category = shop.warehouse.id, shop.products[0].category_id
    session.execute(
        text("""
            WITH more AS (
                INSERT INTO products (category_id, name, sku, price, search_name)
                SELECT :category, 'More ' || n, 'MORE-' || n, 1, 'more' FROM generate_series(1, 4000) AS n RETURNING id
            )
            INSERT INTO inventory (stock_location_id, product_id, available_quantity) SELECT :place, id, 0 FROM more
        """),
        {"category": category, "place": place},
    )
    session.execute(text("ANALYZE inventory"))
    session.commit()


def tomorrow() -> int:
    """The weekday, Sunday 0: two dates of it lie within the horizon, whatever the time of day."""
    return (datetime.now(settings().zone) + timedelta(days=1)).isoweekday() % 7


class TestSlots:
    def test_the_next_open_date_with_room_is_booked(self, client: FlaskClient, session: Session) -> None:
        shop = open_shop(session, capacity=1)
        shop.slot.day_of_week = tomorrow()
        session.commit()
        first, second, third = (make_shopper(session, client) for _ in range(3))
        for shopper in (first, second, third):
            shopper.add(shop.products[0])

        answers = [shopper.confirm(shop) for shopper in (first, second, third)]

        dates = session.execute(select(SlotOccurrence.delivery_date).order_by(SlotOccurrence.delivery_date)).scalars()
        first_day, second_day = dates
        assert second_day - first_day == timedelta(days=7)
        assert [answer.status_code for answer in answers] == [201, 201, 409]
        assert answers[2].json["error"]["code"] == "SLOT_FULL"
        assert_sound()

    def test_a_date_of_another_weekday_is_refused(self, shopper: Shopper, shop: Shop) -> None:
        today = datetime.now(UTC).date()
        monday = today + timedelta(days=7 - today.weekday())

        answer = shopper.confirm(shop, delivery_date=monday.isoformat())

        assert answer.json["error"]["code"] == "INVALID_SLOT"

    def test_a_slot_of_another_branch_is_refused(self, shopper: Shopper, shop: Shop, session: Session) -> None:
        elsewhere = factories.make_slot(session, factories.make_location(session))

        answer = shopper.confirm(shop, delivery_slot_id=elsewhere.id)

        assert (answer.status_code, answer.json["error"]["code"]) == (400, "INVALID_SLOT")


def forget_keys(session: Session) -> None:
    """Let the days pass after which idempotency keys are deleted."""
    session.execute(text("UPDATE idempotency_keys SET expires_at = now() - interval '1 year'"))
    session.commit()
    [outcome] = running.run(only=["idempotency-keys"])
    assert outcome.rows == 1


def card(shopper: Shopper, number: str) -> int:
    return int(shopper.post("/me/payment-tokens", json={"card_number": number}).json["data"]["payment_token_id"])


class TestDecline:
    def test_a_declined_card_cancels_the_order_and_frees_everything(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        answer = shopper.confirm(shop, payment_token_id=card(shopper, DECLINED_CARD))

        assert (answer.status_code, answer.json["error"]["code"]) == (402, "PAYMENT_DECLINED")
        order = one(session, Order)
        assert (order.status, order.cancel_reason) == ("CANCELED", "payment_declined")
        stock = one(session, Inventory)
        assert (stock.available_quantity, stock.reserved_quantity) == (5, 0)
        assert one(session, SlotOccurrence).booked == 0
        assert_sound()

    def test_the_lines_are_back_in_the_cart_and_can_be_paid_by_another_card(self, shopper: Shopper, shop: Shop) -> None:
        shopper.confirm(shop, payment_token_id=card(shopper, DECLINED_CARD))

        again = shopper.confirm(shop)

        assert again.status_code == 201
        assert again.json["data"]["total_paid"] == 50.0

    def test_the_key_replays_the_refusal(self, shopper: Shopper, shop: Shop) -> None:
        cart_id, token = shopper.cart_id(), card(shopper, DECLINED_CARD)
        first = shopper.confirm(shop, key="k", cart_id=cart_id, payment_token_id=token)

        second = shopper.confirm(shop, key="k", cart_id=cart_id, payment_token_id=token)

        assert second.status_code == 402
        assert second.json == first.json

    def test_the_refusal_is_known_long_after_the_key_was_forgotten(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        cart_id, token = shopper.cart_id(), card(shopper, DECLINED_CARD)
        first = shopper.confirm(shop, key="k", cart_id=cart_id, payment_token_id=token)
        forget_keys(session)

        again = shopper.confirm(shop, key="k", cart_id=cart_id, payment_token_id=token)

        assert (again.status_code, again.json) == (402, first.json)


class TestNoAnswer:
    def test_a_silent_provider_is_a_202_and_a_retry_finds_the_money_held(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        cart_id, token = shopper.cart_id(), card(shopper, SILENT_CARD)
        pending = shopper.confirm(shop, key="k", cart_id=cart_id, payment_token_id=token)

        retried = shopper.confirm(shop, key="k", cart_id=cart_id, payment_token_id=token)

        assert pending.status_code == 202
        assert pending.json["data"]["state"] == "pending_payment"
        assert shopper.get(pending.json["data"]["poll"].removeprefix("/api/v1")).status_code == 200
        assert retried.status_code == 201
        assert one(session, PaymentOperation).state == "ok"
        assert session.execute(text("SELECT count(*) FROM sandbox_payments")).scalar_one() == 1
        assert_sound()


class TestCancel:
    def test_it_frees_stock_and_slot_and_lets_go_of_the_money(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        order_id = shopper.confirm(shop).json["data"]["order_id"]

        answer = shopper.post(f"/orders/{order_id}/cancel")

        assert answer.status_code == 200
        assert answer.json["data"]["status"] == "CANCELED"
        assert answer.json["data"]["canceled_at"]
        stock = one(session, Inventory)
        assert (stock.available_quantity, stock.reserved_quantity) == (5, 0)
        assert one(session, SlotOccurrence).booked == 0
        assert session.execute(text("SELECT status FROM sandbox_payments")).scalar_one() == "voided"
        assert_sound()

    def test_an_order_is_cancelled_once(self, shopper: Shopper, shop: Shop, session: Session) -> None:
        order_id = shopper.confirm(shop).json["data"]["order_id"]
        shopper.post(f"/orders/{order_id}/cancel")

        second = shopper.post(f"/orders/{order_id}/cancel")

        assert (second.status_code, second.json["error"]["code"]) == (409, "INVALID_STATUS")
        assert second.json["error"]["details"] == {"status": "CANCELED"}
        assert one(session, Inventory).available_quantity == 5

    def test_an_order_being_picked_cannot_be_cancelled(self, shopper: Shopper, shop: Shop, session: Session) -> None:
        order_id = shopper.confirm(shop).json["data"]["order_id"]
        session.execute(update(Order).values(status="IN_PROGRESS"))
        session.commit()

        answer = shopper.post(f"/orders/{order_id}/cancel")

        assert (answer.status_code, answer.json["error"]["code"]) == (409, "INVALID_STATUS")

    def test_a_strangers_order_is_not_found(
        self, shopper: Shopper, shop: Shop, client: FlaskClient, session: Session
    ) -> None:
        order_id = shopper.confirm(shop).json["data"]["order_id"]

        answer = make_shopper(session, client).post(f"/orders/{order_id}/cancel")

        assert (answer.status_code, answer.json["error"]["code"]) == (404, "NOT_FOUND")

    def test_an_undecided_order_is_cancelled_once_the_provider_let_go(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        pending = shopper.confirm(shop, payment_token_id=card(shopper, SILENT_CARD)).json["data"]

        answer = shopper.post(f"/orders/{pending['order_id']}/cancel")

        assert answer.json["data"]["status"] == "CANCELED"
        assert session.execute(text("SELECT status FROM sandbox_payments")).scalar_one() == "voided"
        assert one(session, Inventory).reserved_quantity == 0
        assert_sound()
