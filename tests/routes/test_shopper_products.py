"""Offers, search and products as the trolley's app asks for them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.domain.enums import SoldBy
from app.models import Product, ProductGtin, User
from tests.conftest import Statements
from tests.factories import (
    make_category,
    make_diet,
    make_food_type,
    make_item,
    make_product,
    make_shop,
    put_on_sale,
)

PRODUCTS = "/api/v1/products"


def with_gtin(session: Session, gtin: str, **columns: Any) -> Product:
    product = make_product(session, **columns)
    session.add(ProductGtin(product_id=product.id, gtin=gtin.zfill(14)))
    session.commit()
    return product


def names(client: FlaskClient, path: str, **query: Any) -> list[str]:
    answer = client.get(f"{PRODUCTS}/{path}", query_string=query)
    assert answer.status_code == 200, answer.json
    return [product["product_name"] for product in answer.json["data"]]


def found(client: FlaskClient, query: str, **more: Any) -> list[str]:
    return names(client, "search", query=query, **more)


class TestOffers:
    def test_what_costs_less_than_before_is_an_offer(self, client: FlaskClient, session: Session) -> None:
        make_product(session, name="Plain")
        put_on_sale(session, make_product(session, name="On sale"), "7.50")
        make_product(session, name="Below list", compare_at_price=Decimal("12.50"))
        make_product(session, name="Above list", compare_at_price=Decimal("9.00"))
        past = datetime.now(UTC) - timedelta(days=2)
        ended = make_product(session, name="Sale over")
        put_on_sale(session, ended, "7.50", starts=past, ends=past + timedelta(days=1))

        data = client.get(f"{PRODUCTS}/offers").json["data"]

        told = [(row["product_name"], row["price"], row["discounted_price"], row["offer_name"]) for row in data]
        assert told == [("Below list", 12.5, 10.0, "20% off"), ("On sale", 10.0, 7.5, "25% off")]

    def test_only_what_the_supermarket_sells_now_is_offered(self, client: FlaskClient, session: Session) -> None:
        reduced = {"compare_at_price": Decimal("12.50")}
        make_product(session, is_active=False, **reduced)
        make_product(session, category_id=make_category(session, is_active=False).id, **reduced)
        make_item(session, make_shop(session), **reduced)

        assert names(client, "offers") == []

    def test_offers_come_in_pages(self, client: FlaskClient, session: Session) -> None:
        for name in ("A", "B", "C"):
            make_product(session, name=name, compare_at_price=Decimal("12.50"))

        first = client.get(f"{PRODUCTS}/offers", query_string={"limit": 2}).json
        rest = names(client, "offers", cursor=first["meta"]["next_cursor"])

        assert [row["product_name"] for row in first["data"]] + rest == ["C", "B", "A"]
        assert first["meta"]["total"] == 3


class TestSearch:
    @pytest.mark.parametrize("query", ["ilk", "MILK", "ed mi", "Toned Milk", "tóned", " milk ", "milk, 500"])
    def test_a_part_of_a_name_finds_it(self, client: FlaskClient, session: Session, query: str) -> None:
        make_product(session, name="Toned Milk, 500 ml")
        make_product(session, name="Bread")

        assert found(client, query) == ["Toned Milk, 500 ml"]

    @pytest.mark.parametrize("query", ["8901234567894", "890123456789", "01234", "890-1234 5678", "4567894"])
    def test_a_barcode_or_a_part_of_it_finds_its_product(
        self, client: FlaskClient, session: Session, query: str
    ) -> None:
        with_gtin(session, "8901234567894", name="Milk")
        with_gtin(session, "7290000000015", name="Bread")

        assert found(client, query) == ["Milk"]

    def test_a_whole_barcode_with_the_zeros_of_a_scanner_finds_its_product(
        self, client: FlaskClient, session: Session
    ) -> None:
        with_gtin(session, "012345678905", name="Beans")

        assert found(client, "012345678905") == found(client, "0012345678905") == ["Beans"]

    def test_the_zeros_that_fill_a_barcode_up_are_no_part_of_it(self, client: FlaskClient, session: Session) -> None:
        with_gtin(session, "96385074", name="Gum")

        assert found(client, "000") == []
        assert found(client, "638") == ["Gum"]

    @pytest.mark.parametrize("query", ["%", "_", "--", "zebra", "1234567"])
    def test_signs_and_what_nobody_sells_find_nothing(self, client: FlaskClient, session: Session, query: str) -> None:
        with_gtin(session, "96385074", name="Gum")

        assert found(client, query) == []

    @pytest.mark.parametrize("query", [{}, {"query": ""}, {"query": "  "}, {"query": "a\x00"}, {"query": "a" * 201}])
    def test_without_a_query_nothing_is_searched(self, client: FlaskClient, query: dict[str, str]) -> None:
        answer = client.get(f"{PRODUCTS}/search", query_string=query)

        assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")

    def test_only_what_the_supermarket_sells_now_is_found(self, client: FlaskClient, session: Session) -> None:
        make_product(session, name="Milk", is_active=False)
        make_product(session, name="Milk", category_id=make_category(session, is_active=False).id)
        item = make_item(session, make_shop(session), name="Milk")
        session.add(ProductGtin(product_id=item.id, gtin="08901234567894", shop_id=item.shop_id))
        session.commit()

        assert found(client, "milk") == found(client, "8901234567894") == found(client, "123456") == []

    def test_results_are_in_order_of_names_and_come_in_pages(self, client: FlaskClient, session: Session) -> None:
        for name in ("Milk C", "milk a", "Milk B", "Milk B"):
            make_product(session, name=name)

        first = client.get(f"{PRODUCTS}/search", query_string={"query": "milk", "limit": 2}).json
        rest = found(client, "milk", limit=2, cursor=first["meta"]["next_cursor"])

        assert [row["product_name"] for row in first["data"]] + rest == ["milk a", "Milk B", "Milk B", "Milk C"]
        assert (first["meta"]["has_next"], found(client, "milk", offset=3)) == (True, ["Milk C"])

    def test_a_foreign_cursor_is_refused(self, client: FlaskClient, session: Session) -> None:
        answer = client.get(f"{PRODUCTS}/search", query_string={"query": "milk", "cursor": "WzFd"})

        assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


class TestProduct:
    def test_a_product_shows_what_it_fits_and_contains(self, client: FlaskClient, session: Session) -> None:
        product = make_product(session, allergens=["sesame", "gluten"], age_limit=18, is_frozen=True)
        kosher, halal = (make_food_type(session, product, name=name) for name in ("Kosher", "Halal"))

        data = client.get(f"{PRODUCTS}/{product.id}").json["data"]

        assert data["foodtypes"] == [
            {"foodtype_id": halal.id, "foodtype_name": "Halal"},
            {"foodtype_id": kosher.id, "foodtype_name": "Kosher"},
        ]
        assert data["allergies"] == ["gluten", "sesame"]
        assert (data["age_limit"], data["is_frozen"]) == (18, True)

    def test_what_is_weighed_in_the_shop_has_a_price_for_a_kilogram_and_no_weight(
        self, client: FlaskClient, session: Session
    ) -> None:
        product = make_product(session, sold_by=SoldBy.WEIGHT, estimated_weight_grams=150, unit="kg")

        data = client.get(f"{PRODUCTS}/{product.id}").json["data"]

        assert (data["price"], data["weight"], data["sold_by"]) == (10.0, None, "WEIGHT")

    def test_what_is_not_sold_is_not_found(self, client: FlaskClient, session: Session) -> None:
        ids = [
            make_product(session, is_active=False).id,
            make_product(session, category_id=make_category(session, is_active=False).id).id,
            make_item(session, make_shop(session)).id,
            10**9,
        ]

        answers = [client.get(f"{PRODUCTS}/{product_id}") for product_id in ids]

        assert [(answer.status_code, answer.json["error"]["code"]) for answer in answers] == [(404, "NOT_FOUND")] * 4


@pytest.mark.parametrize("path", ["offers", "search?query=milk"])
def test_lists_warn_who_signed_in_and_are_read_in_one_statement(
    client: FlaskClient,
    session: Session,
    user: User,
    headers: dict[str, str],
    statements: Statements,
    path: str,
) -> None:
    make_diet(session, user, "milk")
    counts, warned = [], []
    for size in (1, 4):
        for _ in range(size):
            make_product(session, name="Milk", allergens=["milk"], compare_at_price=Decimal("12.00"))
        statements.clear()
        data = client.get(f"{PRODUCTS}/{path}", headers=headers).json["data"]
        counts.append(len(statements))
        warned.append([product["diet_warning"] for product in data])
    statements.clear()
    guest = client.get(f"{PRODUCTS}/{path}").json["data"]

    assert warned == [[True], [True] * 5]
    assert counts[0] == counts[1]
    assert len(statements) == 1
    assert [product["diet_warning"] for product in guest] == [False] * 5


def test_a_bad_token_is_not_taken_for_a_guest(client: FlaskClient) -> None:
    answer = client.get(f"{PRODUCTS}/offers", headers={"Authorization": "Bearer nonsense"})

    assert answer.status_code == 401
