"""Sale prices with a period: set by managers, decided by the clock wherever a price is shown, carted or sold."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import Role, SoldBy
from app.models import AuditEvent, OrderItem, Product
from app.services.catalog.price_sweep import sweep_prices
from tests import factories
from tests.conftest import Statements
from tests.factories import make_product, put_on_sale
from tests.shopping import Shop, Shopper, make_shopper, one, open_shop

CATALOG = "/api/v1/catalog/products"
YESTERDAY = datetime.now(UTC) - timedelta(days=1)
TOMORROW = datetime.now(UTC) + timedelta(days=1)
TWO_DAYS = timedelta(days=2)


@pytest.fixture
def shop(session: Session) -> Shop:
    return open_shop(session, products=1)


@pytest.fixture
def shopper(client: FlaskClient, session: Session) -> Shopper:
    return make_shopper(session, client)


def pass_time(session: Session, by: timedelta = TWO_DAYS) -> None:
    """Move every sale into the past, as if the clock had gone on and nobody had touched the products since."""
    session.execute(text("ALTER TABLE products DISABLE TRIGGER products_current_price"))
    moved = "UPDATE products SET sale_starts_at = sale_starts_at - :by, sale_ends_at = sale_ends_at - :by"
    session.execute(text(moved), {"by": by})
    session.execute(text("ALTER TABLE products ENABLE TRIGGER products_current_price"))
    session.commit()


def shown(client: FlaskClient, product: Product) -> dict[str, Any]:
    data: dict[str, Any] = client.get(f"{CATALOG}/{product.id}").json["data"]
    return data


def found(client: FlaskClient, **query: Any) -> list[tuple[str, float]]:
    products = client.get(f"{CATALOG}/search", query_string=query).json["data"]
    return [(product["name"], product["price"]) for product in products]


class TestShown:
    def test_during_a_sale_the_sale_price_is_the_price_and_the_price_the_old_one(
        self, client: FlaskClient, session: Session
    ) -> None:
        product = put_on_sale(session, make_product(session, compare_at_price=Decimal("12.00")), "7.50")

        data = shown(client, product)

        assert (data["price"], data["old_price"], data["compare_at_price"]) == (7.5, 10.0, 12.0)
        assert data["piece_price"] == 7.5

    @pytest.mark.parametrize(
        "period",
        [{"starts": TOMORROW, "ends": TOMORROW + TWO_DAYS}, {"starts": YESTERDAY - TWO_DAYS, "ends": YESTERDAY}],
        ids=["before", "after"],
    )
    def test_outside_its_period_a_sale_changes_nothing(
        self, client: FlaskClient, session: Session, period: dict[str, datetime]
    ) -> None:
        product = put_on_sale(session, make_product(session, compare_at_price=Decimal("12.00")), "7.50", **period)

        data = shown(client, product)

        assert (data["price"], data["old_price"]) == (10.0, 12.0)

    def test_a_sale_that_ended_unnoticed_is_over_all_the_same(self, client: FlaskClient, session: Session) -> None:
        product = put_on_sale(session, make_product(session), "7.50")
        pass_time(session)

        assert one(session, Product).current_price == Decimal("7.50")
        assert (shown(client, product)["price"], shown(client, product)["old_price"]) == (10.0, None)

    def test_a_price_that_fell_below_the_sale_price_counts(self, client: FlaskClient, session: Session) -> None:
        product = put_on_sale(session, make_product(session, compare_at_price=Decimal("12.00")), "7.50")
        product.price = Decimal("6.00")
        session.commit()

        assert (shown(client, product)["price"], shown(client, product)["old_price"]) == (6.0, 12.0)

    def test_the_sale_price_of_weighed_goods_is_per_kilogram(self, client: FlaskClient, session: Session) -> None:
        melon = make_product(session, sold_by=SoldBy.WEIGHT, estimated_weight_grams=1500)
        put_on_sale(session, melon, "8.00")

        assert (shown(client, melon)["price"], shown(client, melon)["piece_price"]) == (8.0, 12.0)

    def test_lists_filter_sort_and_count_by_the_sale_price(self, client: FlaskClient, session: Session) -> None:
        for name, price in (("Apple", "30.00"), ("Bread", "12.00"), ("Cheese", "55.00")):
            make_product(session, name=name, price=Decimal(price))
        put_on_sale(session, session.execute(select(Product).where(Product.name == "Cheese")).scalar_one(), "9.00")

        assert found(client, sort="price_asc") == [("Cheese", 9.0), ("Bread", 12.0), ("Apple", 30.0)]
        assert found(client, sort="price_desc") == [("Apple", 30.0), ("Bread", 12.0), ("Cheese", 9.0)]
        assert found(client, max_price=10) == [("Cheese", 9.0)]
        assert found(client, min_price=10, sort="name") == [("Apple", 30.0), ("Bread", 12.0)]
        facets = client.get(f"{CATALOG}/search?facets=true").json["meta"]["facets"]
        assert [band["count"] for band in facets["price_bands"]] == [1, 1, 1, 0, 0]


class TestSweep:
    def test_the_sweep_lets_lists_follow_the_clock_and_leaves_the_time_of_change(
        self, client: FlaskClient, session: Session
    ) -> None:
        product = put_on_sale(session, make_product(session), "7.50")
        pass_time(session)
        session.execute(text("UPDATE products SET updated_at = :then"), {"then": YESTERDAY})
        session.commit()

        assert sweep_prices() == 1

        assert one(session, Product).current_price == Decimal("10.00")
        assert one(session, Product).updated_at == YESTERDAY
        assert found(client, min_price=10) == [(product.name, 10.0)]

    def test_a_sale_that_begins_is_noticed_too(self, session: Session) -> None:
        put_on_sale(session, make_product(session), "7.50", starts=TOMORROW, ends=TOMORROW + TWO_DAYS)
        pass_time(session)

        assert sweep_prices() == 1
        assert one(session, Product).current_price == Decimal("7.50")

    def test_prices_that_agree_with_the_clock_are_left_alone(self, session: Session) -> None:
        put_on_sale(session, make_product(session), "7.50")
        put_on_sale(session, make_product(session), "7.50", starts=YESTERDAY - TWO_DAYS, ends=YESTERDAY)
        make_product(session)

        assert sweep_prices() == 0

    def test_more_than_a_batch_is_swept_in_one_pass(self, session: Session) -> None:
        category = factories.make_category(session)
        for _ in range(3):
            put_on_sale(session, make_product(session, category_id=category.id), "7.50")
        copies = """
            INSERT INTO products (category_id, name, sku, price, sale_price, sale_starts_at, sale_ends_at)
            SELECT category_id, name, sku || '-' || n, price, sale_price, sale_starts_at, sale_ends_at
            FROM products, generate_series(1, 100) AS n
        """
        session.execute(text(copies))
        pass_time(session)

        assert sweep_prices() == 303
        assert sweep_prices() == 0


class TestSold:
    def test_a_cart_takes_the_sale_price_and_marks_a_line_whose_sale_is_over(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        put_on_sale(session, shop.products[0], "7.50")

        [line] = shopper.add(shop.products[0], 2).json["data"]["items"]

        assert (line["unit_price"], line["line_total"], line["price_changed"]) == (7.5, 15.0, False)
        pass_time(session)
        assert shopper.get("/cart").json["data"]["items"][0]["price_changed"] is True

    def test_an_order_is_sold_at_the_sale_price_of_preview(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        put_on_sale(session, shop.products[0], "7.50")
        cart_id = shopper.add(shop.products[0], 2).json["data"]["id"]
        total = shopper.post("/checkout/preview", json={"cart_id": cart_id}).json["data"]["total"]

        answer = shopper.confirm(shop, cart_id=cart_id, expected_total=total)

        assert (answer.status_code, answer.json["data"]["total_paid"], total) == (201, 45.0, 45.0)
        assert one(session, OrderItem).unit_price == Decimal("7.50")

    def test_a_sale_that_ends_between_preview_and_confirm_is_a_changed_price(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        put_on_sale(session, shop.products[0], "7.50")
        cart_id = shopper.add(shop.products[0], 2).json["data"]["id"]
        total = shopper.post("/checkout/preview", json={"cart_id": cart_id}).json["data"]["total"]
        pass_time(session)

        answer = shopper.confirm(shop, cart_id=cart_id, expected_total=total)

        assert (answer.status_code, answer.json["error"]["code"]) == (409, "PRICE_CHANGED")
        assert answer.json["error"]["details"]["total"] == 50.0

    def test_weighed_goods_are_sold_by_their_sale_price_per_kilogram(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        melon = make_product(session, stock={shop.warehouse: 9}, sold_by=SoldBy.WEIGHT, estimated_weight_grams=1500)
        shopper.add(put_on_sale(session, melon, "8.00"))

        shopper.confirm(shop)

        line = one(session, OrderItem)
        assert (line.price_per_kg, line.unit_price) == (Decimal("8.00"), Decimal("12.00"))

    def test_an_old_order_bought_again_is_bought_at_the_sale_price(
        self, shopper: Shopper, shop: Shop, session: Session
    ) -> None:
        order = factories.make_order(session, shopper.user, shop.products[0], stock_location_id=shop.warehouse.id)
        put_on_sale(session, shop.products[0], "7.50")

        cart = shopper.post(f"/orders/{order.id}/reorder").json["data"]["cart"]

        assert cart["items"][0]["unit_price"] == 7.5


class TestManaging:
    def put(self, client: FlaskClient, headers: dict[str, str], product_id: int, **form: Any) -> TestResponse:
        body = {"sale_price": 7.5, "ends_at": TOMORROW.isoformat(), **form}
        return client.put(f"/api/v1/admin/products/{product_id}/sale", json=body, headers=headers)

    def test_a_sale_without_a_start_begins_at_once(
        self, client: FlaskClient, session: Session, as_manager: dict[str, str]
    ) -> None:
        product = make_product(session)

        answer = self.put(client, as_manager, product.id)

        assert answer.status_code == 200
        data = answer.json["data"]
        assert (data["price"], data["sale_price"], data["is_on"]) == (10.0, 7.5, True)
        assert shown(client, product)["price"] == 7.5
        assert one(session, Product).current_price == Decimal("7.50")

    def test_a_sale_is_audited_with_what_was_before(
        self, client: FlaskClient, session: Session, as_manager: dict[str, str]
    ) -> None:
        product = make_product(session)
        self.put(client, as_manager, product.id)

        answer = self.put(
            client,
            as_manager,
            product.id,
            sale_price="6.00",
            starts_at=TOMORROW.isoformat(),
            ends_at=(TOMORROW + TWO_DAYS).isoformat(),
        )

        assert (answer.json["data"]["is_on"], shown(client, product)["price"]) == (False, 10.0)
        of_product = select(AuditEvent).where(AuditEvent.entity_type == "product").order_by(AuditEvent.id.desc())
        event: Any = session.execute(of_product).scalars().first()
        assert (event.action, event.entity_id) == ("UPDATE", product.id)
        assert (event.old_value["sale_price"], event.new_value["sale_price"]) == ("7.50", "6.00")
        assert set(event.new_value) == {"sale_price", "sale_starts_at", "sale_ends_at"}

    def test_a_sale_taken_off_ends_at_once(
        self, client: FlaskClient, session: Session, as_manager: dict[str, str]
    ) -> None:
        product = put_on_sale(session, make_product(session), "7.50")
        address = f"/api/v1/admin/products/{product.id}/sale"

        answers = [client.delete(address, headers=as_manager) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [200, 404]
        assert answers[1].json["error"]["code"] == "SALE_NOT_FOUND"
        assert shown(client, product)["price"] == 10.0
        events = session.execute(select(AuditEvent).where(AuditEvent.entity_type == "product")).scalars().all()
        assert [event.new_value["sale_price"] for event in events] == [None]

    @pytest.mark.parametrize("price", [10, "10.01", 11])
    def test_a_sale_price_must_be_below_the_price(
        self, client: FlaskClient, session: Session, as_manager: dict[str, str], price: Any
    ) -> None:
        answer = self.put(client, as_manager, make_product(session).id, sale_price=price)

        assert (answer.status_code, answer.json["error"]["code"]) == (400, "SALE_NOT_BELOW_PRICE")
        assert answer.json["error"]["details"] == {"price": 10.0}

    @pytest.mark.parametrize(
        ("form", "code"),
        [
            ({"ends_at": YESTERDAY.isoformat()}, "SALE_PERIOD_REFUSED"),
            ({"starts_at": TOMORROW.isoformat()}, "SALE_PERIOD_REFUSED"),
            ({"ends_at": "2036-01-01T00:00:00"}, "VALIDATION_ERROR"),
            ({"ends_at": None}, "VALIDATION_ERROR"),
            ({"sale_price": 0}, "VALIDATION_ERROR"),
            ({"sale_price": "7.505"}, "VALIDATION_ERROR"),
        ],
        ids=["ended", "starts after its end", "end without an offset", "no end", "for nothing", "half a cent"],
    )
    def test_a_sale_that_makes_no_sense_is_refused(
        self, client: FlaskClient, session: Session, as_manager: dict[str, str], form: dict[str, Any], code: str
    ) -> None:
        answer = self.put(client, as_manager, make_product(session).id, **form)

        assert (answer.status_code, answer.json["error"]["code"]) == (400, code)
        assert one(session, Product).sale_price is None

    def test_an_unknown_product_is_not_found(self, client: FlaskClient, as_manager: dict[str, str]) -> None:
        answers = [
            self.put(client, as_manager, 999),
            client.delete("/api/v1/admin/products/999/sale", headers=as_manager),
        ]

        assert [(each.status_code, each.json["error"]["code"]) for each in answers] == [(404, "NOT_FOUND")] * 2

    def test_only_managers_set_sales(self, client: FlaskClient, session: Session) -> None:
        headers = factories.sign_in(session, factories.make_user(session, role=Role.EMPLOYEE))

        assert self.put(client, headers, make_product(session).id).status_code == 403


def test_a_list_with_sales_is_one_statement(client: FlaskClient, session: Session, statements: Statements) -> None:
    for _ in range(3):
        put_on_sale(session, make_product(session), "7.50")
    statements.clear()

    client.get(f"{CATALOG}/search?sort=price_asc")

    assert len(statements) == 1


def test_managers_see_the_ordinary_price_beside_the_sale(client: FlaskClient, session: Session) -> None:
    """Else an edit form opened and saved during a sale would make the sale price the ordinary one."""
    product = put_on_sale(session, make_product(session), "7.50")
    headers = factories.sign_in(session, factories.make_user(session, role=Role.MANAGER))
    address = "/api/v1/admin/products"

    one_product = client.get(f"{address}/{product.id}", headers=headers).json["data"]
    [listed] = client.get(address, headers=headers).json["data"]

    assert one_product == listed
    assert (listed["price"], listed["sale_price"], listed["piece_price"]) == (10.0, 7.5, 7.5)
    assert listed["sale_ends_at"] is not None
