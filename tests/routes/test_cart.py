"""The cart over HTTP: contract section 6, guests, bulk changes and what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import CartStatus, SoldBy
from app.models import AuditEvent, Cart, CartItem, Category, Inventory, Product, StockLocation
from tests import factories
from tests.conftest import Statements
from tests.shopping import make_shopper, open_shop

CART = "/api/v1/cart"
ITEMS = f"{CART}/items"


@dataclass
class Shopper:
    """Somebody with headers: a user's token or a guest's."""

    client: FlaskClient
    headers: dict[str, str]

    def get(self) -> TestResponse:
        return self.client.get(CART, headers=self.headers)

    def add(self, product: Product | int, quantity: int = 1) -> TestResponse:
        body = {"product_id": product if isinstance(product, int) else product.id, "quantity": quantity}
        return self.client.post(ITEMS, json=body, headers=self.headers)

    def set(self, item_id: int, quantity: int, product_id: int = 1) -> TestResponse:
        body = {"product_id": product_id, "quantity": quantity}
        return self.client.put(f"{ITEMS}/{item_id}", json=body, headers=self.headers)

    def set_all(self, wanted: Sequence[tuple[Product, int]]) -> TestResponse:
        body = {"items": [{"product_id": product.id, "quantity": quantity} for product, quantity in wanted]}
        return self.client.put(ITEMS, json=body, headers=self.headers)

    def remove(self, item_id: int) -> TestResponse:
        return self.client.delete(f"{ITEMS}/{item_id}", headers=self.headers)

    def clear(self) -> TestResponse:
        return self.client.delete(CART, headers=self.headers)


@pytest.fixture
def warehouse(session: Session) -> StockLocation:
    return factories.make_warehouse(session)


@pytest.fixture
def shopper(client: FlaskClient, session: Session) -> Shopper:
    return user_shopper(client, session)


@pytest.fixture
def guest(client: FlaskClient) -> Shopper:
    token = client.post(f"{CART}/guest").json["data"]["cart_token"]
    return Shopper(client, {"X-Cart-Token": token})


@pytest.fixture
def milk(session: Session, warehouse: StockLocation) -> Product:
    return factories.make_product(session, name="Milk", stock={warehouse: 50}, price=Decimal("6.90"))


def user_shopper(client: FlaskClient, session: Session) -> Shopper:
    return Shopper(client, factories.sign_in(session, factories.make_user(session)))


def quantities(answer: TestResponse) -> dict[int, int]:
    return {line["product_id"]: line["quantity"] for line in answer.json["data"]["items"]}


def code(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def audited(session: Session) -> list[tuple[str, Any, Any]]:
    rows = session.execute(select(AuditEvent).where(AuditEvent.entity_type == "cart").order_by(AuditEvent.id))
    return [(event.action, event.old_value, event.new_value) for event in rows.scalars()]


# Showing


def test_the_first_look_makes_the_cart_and_the_second_finds_it(shopper: Shopper, session: Session) -> None:
    first = shopper.get()

    second = shopper.get()

    assert first.status_code == 200
    assert first.json == second.json
    assert first.json["data"]["items"] == []
    assert session.scalar(select(func.count()).select_from(Cart)) == 1


def test_a_cart_shows_lines_totals_deposits_and_stock(
    shopper: Shopper, session: Session, warehouse: StockLocation
) -> None:
    cola = factories.make_product(
        session,
        name="Cola",
        stock={warehouse: 7},
        price=Decimal("5.90"),
        deposit=Decimal("0.30"),
        unit="bottle",
        image_urls=["https://example.com/cola.jpg", "https://example.com/back.jpg"],
    )
    shopper.add(cola, 3)

    cart = shopper.get().json["data"]

    line = cart["items"][0]
    assert line.pop("id") > 0
    assert line == {
        "product_id": cola.id,
        "product_name": "Cola",
        "product_image": "https://example.com/cola.jpg",
        "quantity": 3,
        "unit_price": 5.9,
        "line_total": 17.7,
        "unit": "bottle",
        "sold_by": "PIECE",
        "estimated_weight_grams": None,
        "deposit": 0.9,
        "available": 7,
        "price_changed": False,
    }
    assert (cart["total_amount"], cart["deposit_total"], cart["items_count"]) == (17.7, 0.9, 1)
    assert (cart["currency"], cart["channel"]) == ("ILS", "DELIVERY_OR_PICKUP")


def test_goods_by_weight_cost_the_price_of_one_estimated_piece(
    shopper: Shopper, session: Session, warehouse: StockLocation
) -> None:
    melon = factories.make_product(
        session, stock={warehouse: 9}, price=Decimal("7.90"), sold_by=SoldBy.WEIGHT, estimated_weight_grams=1250
    )

    line = shopper.add(melon, 2).json["data"]["items"][0]

    assert (line["unit_price"], line["line_total"], line["estimated_weight_grams"]) == (9.88, 19.76, 1250)
    assert line["price_changed"] is False


def test_a_new_price_is_flagged_and_the_old_one_kept_until_the_line_is_added_to(
    shopper: Shopper, session: Session, milk: Product
) -> None:
    shopper.add(milk, 2)
    session.execute(update(Product).where(Product.id == milk.id).values(price=Decimal("7.50")))

    flagged = shopper.get().json["data"]["items"][0]
    set_again = shopper.set(flagged["id"], 3).json["data"]["items"][0]
    added_to = shopper.add(milk).json["data"]["items"][0]

    assert (flagged["unit_price"], flagged["price_changed"]) == (6.9, True)
    assert (set_again["unit_price"], set_again["price_changed"]) == (6.9, True)
    assert (added_to["unit_price"], added_to["price_changed"]) == (7.5, False)
    assert added_to["line_total"] == 30.0


def test_a_line_whose_product_went_inactive_stays_with_nothing_available(
    shopper: Shopper, session: Session, milk: Product
) -> None:
    shopper.add(milk)
    session.execute(update(Product).where(Product.id == milk.id).values(is_active=False))

    line = shopper.get().json["data"]["items"][0]

    assert (line["quantity"], line["available"]) == (1, 0)


def test_without_a_user_and_without_a_token_there_is_no_cart(client: FlaskClient) -> None:
    nobody = Shopper(client, {})

    answers = [nobody.get(), nobody.add(1), nobody.set(1, 1), nobody.remove(1), nobody.clear()]

    assert [code(answer) for answer in answers] == [(401, "AUTH_REQUIRED")] * 5


def test_nobody_is_told_to_sign_in_before_the_body_is_looked_at(client: FlaskClient) -> None:
    answer = client.post("/api/v1/cart/items", data=b"no json")

    assert code(answer) == (401, "AUTH_REQUIRED")


def test_a_bad_access_token_is_refused_even_beside_a_guest_token(guest: Shopper) -> None:
    guest.headers["Authorization"] = "Bearer nonsense"

    assert code(guest.get()) == (401, "AUTH_ERROR")


# Adding


def test_adding_twice_sums_up_in_one_line(shopper: Shopper, milk: Product) -> None:
    first = shopper.add(milk, 2)

    second = shopper.add(milk, 3)

    assert (first.status_code, second.status_code) == (201, 201)
    assert quantities(second) == {milk.id: 5}
    assert second.json["data"]["total_amount"] == 34.5


def test_an_unknown_product_is_not_sold(shopper: Shopper, warehouse: StockLocation) -> None:
    answer = shopper.add(2**62)

    assert code(answer) == (404, "PRODUCT_INACTIVE")


def test_an_inactive_product_is_not_sold(shopper: Shopper, session: Session, warehouse: StockLocation) -> None:
    product = factories.make_product(session, stock={warehouse: 5}, is_active=False)

    assert code(shopper.add(product)) == (404, "PRODUCT_INACTIVE")


def test_a_product_of_an_inactive_category_is_not_sold(shopper: Shopper, session: Session, milk: Product) -> None:
    session.execute(update(Category).where(Category.id == milk.category_id).values(is_active=False))

    assert code(shopper.add(milk)) == (404, "PRODUCT_INACTIVE")


def test_a_vendors_product_is_not_in_the_supermarkets_range(
    shopper: Shopper, session: Session, warehouse: StockLocation
) -> None:
    shop = factories.make_location(session)
    product = factories.make_product(session, stock={warehouse: 5}, shop_id=shop.id)

    assert code(shopper.add(product)) == (404, "PRODUCT_INACTIVE")


def test_a_product_no_branch_has_is_out_of_stock_anywhere(
    shopper: Shopper, session: Session, warehouse: StockLocation
) -> None:
    product = factories.make_product(session, stock={warehouse: 0, factories.make_location(session): 0})

    assert code(shopper.add(product)) == (400, "OUT_OF_STOCK_ANYWHERE")


def test_stock_of_a_closed_branch_counts_for_nothing(
    shopper: Shopper, session: Session, warehouse: StockLocation
) -> None:
    closed = factories.make_location(session, is_active=False)
    product = factories.make_product(session, stock={closed: 5})

    assert code(shopper.add(product)) == (400, "OUT_OF_STOCK_ANYWHERE")


def test_a_product_only_a_store_has_cannot_be_delivered(
    shopper: Shopper, session: Session, warehouse: StockLocation
) -> None:
    product = factories.make_product(session, stock={factories.make_location(session): 5})

    answer = shopper.add(product)

    assert code(answer) == (409, "OUT_OF_STOCK_DELIVERY_BRANCH")
    assert answer.json["error"]["details"]["lines"] == [
        {
            "product_id": product.id,
            "code": "OUT_OF_STOCK_DELIVERY_BRANCH",
            "requested_quantity": 1,
            "available_quantity": 0,
        }
    ]


def test_the_whole_line_counts_against_the_stock_of_the_delivery_branch(
    shopper: Shopper, session: Session, warehouse: StockLocation
) -> None:
    product = factories.make_product(session, stock={warehouse: 5})
    shopper.add(product, 3)

    too_many = shopper.add(product, 3)
    just_enough = shopper.add(product, 2)

    assert code(too_many) == (409, "OUT_OF_STOCK_DELIVERY_BRANCH")
    assert too_many.json["error"]["details"]["lines"][0]["requested_quantity"] == 6
    assert quantities(just_enough) == {product.id: 5}


def test_adding_never_touches_the_inventory(shopper: Shopper, session: Session, milk: Product) -> None:
    shopper.add(milk, 7)

    row = session.execute(select(Inventory).where(Inventory.product_id == milk.id)).scalar_one()
    assert (row.available_quantity, row.reserved_quantity) == (50, 0)


@pytest.mark.parametrize("quantity", [0, -1, 10_001, "many", None, 1.5])
def test_a_quantity_outside_1_to_10000_is_refused(shopper: Shopper, milk: Product, quantity: Any) -> None:
    assert code(shopper.add(milk, quantity)) == (400, "VALIDATION_ERROR")


def test_a_line_never_passes_10000_pieces(shopper: Shopper, session: Session, warehouse: StockLocation) -> None:
    product = factories.make_product(session, stock={warehouse: 50_000})
    shopper.add(product, 9_999)

    answer = shopper.add(product, 2)

    assert code(answer) == (400, "VALIDATION_ERROR")
    assert answer.json["error"]["details"]["errors"][0]["loc"] == ["body", "quantity"]
    assert quantities(shopper.get()) == {product.id: 9_999}


def test_numeric_strings_are_taken_and_unknown_fields_refused(shopper: Shopper, milk: Product) -> None:
    body = {"product_id": str(milk.id), "quantity": "2"}

    lenient = shopper.client.post(ITEMS, json=body, headers=shopper.headers)
    strict = shopper.client.post(ITEMS, json={**body, "price": 1}, headers=shopper.headers)

    assert quantities(lenient) == {milk.id: 2}
    assert code(strict) == (400, "VALIDATION_ERROR")


# Setting and removing


def test_setting_a_line_replaces_its_quantity_and_ignores_the_product_id(
    shopper: Shopper, session: Session, milk: Product
) -> None:
    item_id = shopper.add(milk, 2).json["data"]["items"][0]["id"]

    answer = shopper.set(item_id, 9, product_id=2**40)

    assert answer.status_code == 200
    assert quantities(answer) == {milk.id: 9}


def test_setting_needs_the_product_id_all_the_same(shopper: Shopper, milk: Product) -> None:
    item_id = shopper.add(milk).json["data"]["items"][0]["id"]

    answer = shopper.client.put(f"{ITEMS}/{item_id}", json={"quantity": 2}, headers=shopper.headers)

    assert code(answer) == (400, "VALIDATION_ERROR")


def test_setting_is_checked_like_adding(shopper: Shopper, session: Session, milk: Product) -> None:
    item_id = shopper.add(milk).json["data"]["items"][0]["id"]

    above_stock = shopper.set(item_id, 51)
    zero = shopper.set(item_id, 0)
    session.execute(update(Product).where(Product.id == milk.id).values(is_active=False))
    inactive = shopper.set(item_id, 2)

    assert code(above_stock) == (409, "OUT_OF_STOCK_DELIVERY_BRANCH")
    assert code(zero) == (400, "VALIDATION_ERROR")
    assert code(inactive) == (404, "PRODUCT_INACTIVE")


def test_another_shoppers_line_is_not_found(
    shopper: Shopper, client: FlaskClient, session: Session, milk: Product
) -> None:
    item_id = shopper.add(milk, 2).json["data"]["items"][0]["id"]
    stranger = user_shopper(client, session)

    answers = [stranger.set(item_id, 5), stranger.remove(item_id)]

    assert [code(answer) for answer in answers] == [(404, "NOT_FOUND")] * 2
    assert quantities(shopper.get()) == {milk.id: 2}


def test_a_line_is_removed_once(shopper: Shopper, milk: Product) -> None:
    item_id = shopper.add(milk).json["data"]["items"][0]["id"]

    first = shopper.remove(item_id)
    second = shopper.remove(item_id)

    assert first.status_code == 200
    assert first.json["data"]["items"] == []
    assert code(second) == (404, "NOT_FOUND")


def test_clearing_works_twice_and_keeps_the_cart(shopper: Shopper, milk: Product) -> None:
    cart_id = shopper.add(milk).json["data"]["id"]

    answers = [shopper.clear(), shopper.clear()]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [(a.json["data"]["id"], a.json["data"]["items"]) for a in answers] == [(cart_id, []), (cart_id, [])]
    assert shopper.get().json == answers[1].json


def test_after_an_order_the_cart_shown_is_a_new_one(shopper: Shopper, session: Session, milk: Product) -> None:
    old_id = shopper.add(milk, 4).json["data"]["id"]
    session.execute(update(Cart).where(Cart.id == old_id).values(status=CartStatus.CHECKED_OUT))

    shown = shopper.get()

    assert shown.json["data"]["id"] != old_id
    assert quantities(shown) == {}


def test_after_an_order_the_next_add_makes_a_new_cart(shopper: Shopper, session: Session, milk: Product) -> None:
    old_id = shopper.add(milk, 4).json["data"]["id"]
    session.execute(update(Cart).where(Cart.id == old_id).values(status=CartStatus.CHECKED_OUT))

    answer = shopper.add(milk)

    assert answer.json["data"]["id"] != old_id
    assert quantities(answer) == {milk.id: 1}


# The audit trail


def test_every_change_is_audited_with_old_and_new(shopper: Shopper, session: Session, milk: Product) -> None:
    shopper.add(milk, 1)
    item_id = shopper.add(milk, 1).json["data"]["items"][0]["id"]
    shopper.set(item_id, 5)
    shopper.remove(item_id)
    shopper.add(milk, 2)
    shopper.clear()
    shopper.clear()

    def line(quantity: int) -> dict[str, Any]:
        return {"product_id": milk.id, "quantity": quantity, "unit_price": 6.9}

    assert audited(session) == [
        ("ADD_ITEM", None, line(1)),
        ("ADD_ITEM", line(1), line(2)),
        ("UPDATE_ITEM", line(2), line(5)),
        ("DELETE_ITEM", line(5), None),
        ("ADD_ITEM", None, line(2)),
        ("CLEAR", {"items": [line(2)]}, {"items": []}),
    ]


def test_the_audit_names_the_cart_and_the_shopper(shopper: Shopper, session: Session, milk: Product) -> None:
    cart = shopper.add(milk).json["data"]

    event = session.execute(select(AuditEvent).where(AuditEvent.entity_type == "cart")).scalar_one()

    assert (event.entity_id, event.actor_user_id) == (cart["id"], cart["user_id"])
    assert event.request_id


def test_a_refused_change_leaves_no_audit_row(shopper: Shopper, session: Session, milk: Product) -> None:
    shopper.add(milk, 51)

    assert audited(session) == []


# Many lines at once


def test_one_call_adds_changes_and_removes_lines(
    shopper: Shopper, session: Session, warehouse: StockLocation, milk: Product
) -> None:
    bread, eggs, kept = (factories.make_product(session, stock={warehouse: 9}) for _ in range(3))
    shopper.set_all([(milk, 2), (bread, 1), (kept, 3)])

    answer = shopper.set_all([(eggs, 4), (milk, 7), (bread, 0)])

    assert answer.status_code == 200
    assert quantities(answer) == {milk.id: 7, kept.id: 3, eggs.id: 4}


def test_a_line_keeps_its_id_however_it_is_changed(shopper: Shopper, milk: Product) -> None:
    added = shopper.add(milk).json["data"]["items"][0]
    changed = [shopper.add(milk), shopper.set(added["id"], 5), shopper.set_all([(milk, 6)])]

    assert [answer.json["data"]["items"][0]["id"] for answer in changed] == [added["id"]] * 3


def test_a_bulk_removal_leaves_other_carts_alone(
    shopper: Shopper, client: FlaskClient, session: Session, milk: Product
) -> None:
    other = user_shopper(client, session)
    other.add(milk, 2)
    shopper.add(milk)

    shopper.set_all([(milk, 0)])

    assert quantities(shopper.get()) == {}
    assert quantities(other.get()) == {milk.id: 2}


def test_a_bulk_call_is_all_or_nothing_and_lists_every_fault(
    shopper: Shopper, session: Session, warehouse: StockLocation, milk: Product
) -> None:
    scarce = factories.make_product(session, stock={warehouse: 2})
    gone = factories.make_product(session, stock={warehouse: 9}, is_active=False)
    nowhere = factories.make_product(session)

    answer = shopper.set_all([(milk, 1), (scarce, 3), (gone, 1), (nowhere, 1)])

    assert code(answer) == (409, "OUT_OF_STOCK_DELIVERY_BRANCH")
    assert [(line["product_id"], line["code"]) for line in answer.json["error"]["details"]["lines"]] == [
        (scarce.id, "OUT_OF_STOCK_DELIVERY_BRANCH"),
        (gone.id, "PRODUCT_INACTIVE"),
        (nowhere.id, "OUT_OF_STOCK_ANYWHERE"),
    ]
    assert quantities(shopper.get()) == {}


def test_a_bulk_call_may_remove_what_is_no_longer_sold(shopper: Shopper, session: Session, milk: Product) -> None:
    shopper.add(milk)
    session.execute(update(Product).where(Product.id == milk.id).values(is_active=False))

    answer = shopper.set_all([(milk, 0)])

    assert quantities(answer) == {}


def test_a_bulk_call_names_each_product_once_and_at_most_200(shopper: Shopper, milk: Product) -> None:
    twice = shopper.set_all([(milk, 1), (milk, 2)])
    none = shopper.set_all([])
    many = [{"product_id": number, "quantity": 1} for number in range(1, 202)]
    too_many = shopper.client.put(ITEMS, json={"items": many}, headers=shopper.headers)

    assert [code(answer) for answer in (twice, none, too_many)] == [(400, "VALIDATION_ERROR")] * 3


def test_only_what_a_bulk_call_changes_is_audited(shopper: Shopper, session: Session, milk: Product) -> None:
    shopper.set_all([(milk, 2)])

    shopper.set_all([(milk, 2)])

    assert [action for action, _, _ in audited(session)] == ["ADD_ITEM"]


def test_a_cart_holds_at_most_200_products(shopper: Shopper, session: Session, warehouse: StockLocation) -> None:
    category = factories.make_category(session)
    products = [factories.make_product(session, stock={warehouse: 9}, category_id=category.id) for _ in range(201)]
    full = shopper.set_all([(product, 1) for product in products[:200]])

    another = shopper.add(products[200])
    more_of_one = shopper.add(products[0])
    swapped = shopper.set_all([(products[0], 0), (products[200], 1)])

    assert full.json["data"]["items_count"] == 200
    assert code(another) == (409, "CART_FULL")
    assert more_of_one.status_code == 201
    assert swapped.json["data"]["items_count"] == 200


# Guests


def test_a_guest_shops_with_a_token(guest: Shopper, session: Session, milk: Product) -> None:
    item_id = guest.add(milk, 2).json["data"]["items"][0]["id"]
    guest.set(item_id, 3)

    shown = guest.get()

    assert shown.json["data"]["user_id"] is None
    assert quantities(shown) == {milk.id: 3}
    assert [action for action, _, _ in audited(session)] == ["ADD_ITEM", "UPDATE_ITEM"]
    assert quantities(guest.remove(item_id)) == {}
    assert guest.clear().status_code == 200


def test_guest_carts_are_apart_and_their_tokens_are_stored_as_hashes(
    client: FlaskClient, session: Session, milk: Product, guest: Shopper
) -> None:
    other = client.post(f"{CART}/guest")
    guest.add(milk, 2)

    seen = client.get(CART, headers={"X-Cart-Token": other.json["data"]["cart_token"]})

    assert other.status_code == 201
    assert other.json["data"]["cart"]["items"] == []
    assert quantities(seen) == {}
    hashes = session.execute(select(Cart.guest_token_hash)).scalars().all()
    assert guest.headers["X-Cart-Token"] not in hashes


@pytest.mark.parametrize("token", ["unknown", "x" * 43, "\xe9" * 5])
def test_an_unknown_guest_token_finds_no_cart(client: FlaskClient, milk: Product, token: str) -> None:
    stranger = Shopper(client, {"X-Cart-Token": token})

    answers = [
        stranger.get(),
        stranger.add(milk),
        stranger.set(1, 1),
        stranger.set_all([(milk, 1)]),
        stranger.remove(1),
        stranger.clear(),
    ]

    assert [code(answer) for answer in answers] == [(404, "CART_NOT_FOUND")] * 6


def test_a_signed_in_users_own_cart_counts_whatever_token_is_sent(
    shopper: Shopper, guest: Shopper, milk: Product
) -> None:
    guest.add(milk, 2)

    seen = Shopper(shopper.client, {**shopper.headers, **guest.headers}).get()

    assert quantities(seen) == {}


# Merging


def merge(who: Shopper, guest: Shopper) -> TestResponse:
    body = {"cart_token": guest.headers["X-Cart-Token"]}
    return who.client.post(f"{CART}/merge", json=body, headers=who.headers)


def test_merging_adds_the_guests_lines_and_kills_the_token(
    shopper: Shopper, guest: Shopper, session: Session, warehouse: StockLocation, milk: Product
) -> None:
    bread = factories.make_product(session, stock={warehouse: 9})
    shopper.add(milk, 2)
    guest.set_all([(milk, 3), (bread, 1)])

    answer = merge(shopper, guest)

    assert answer.status_code == 200
    assert {line["product_id"]: line["quantity"] for line in answer.json["data"]["cart"]["items"]} == {
        milk.id: 5,
        bread.id: 1,
    }
    assert answer.json["data"]["left_out"] == []
    assert code(guest.get()) == (404, "CART_NOT_FOUND")
    assert code(guest.add(milk)) == (404, "CART_NOT_FOUND")
    statuses = session.execute(select(Cart.status).where(Cart.guest_token_hash.is_not(None))).scalars().all()
    assert statuses == [CartStatus.ABANDONED]


def test_a_cart_is_merged_once(shopper: Shopper, guest: Shopper, milk: Product) -> None:
    guest.add(milk, 3)
    merge(shopper, guest)

    again = merge(shopper, guest)

    assert code(again) == (404, "CART_NOT_FOUND")
    assert quantities(shopper.get()) == {milk.id: 3}


def test_merging_an_empty_guest_cart_gives_the_users_cart(shopper: Shopper, guest: Shopper) -> None:
    answer = merge(shopper, guest)

    assert answer.json["data"] == {"cart": shopper.get().json["data"], "left_out": []}
    assert code(guest.get()) == (404, "CART_NOT_FOUND")


def test_merging_takes_todays_price_and_audits_each_line(
    shopper: Shopper, guest: Shopper, session: Session, milk: Product
) -> None:
    guest.add(milk, 1)
    session.execute(update(Product).where(Product.id == milk.id).values(price=Decimal("7.50")))

    answer = merge(shopper, guest)

    assert answer.json["data"]["cart"]["items"][0]["unit_price"] == 7.5
    action, old, new = audited(session)[-1]
    assert (action, old, new["unit_price"]) == ("ADD_ITEM", None, 7.5)


def test_merging_leaves_out_and_reports_what_cannot_be_had(
    shopper: Shopper, guest: Shopper, session: Session, warehouse: StockLocation, milk: Product
) -> None:
    gone, sold_out, huge = (
        factories.make_product(session, name=name, stock={warehouse: 20_000}) for name in ("Gone", "Sold out", "Huge")
    )
    shopper.add(huge, 9_000)
    guest.set_all([(milk, 1), (gone, 2), (sold_out, 3), (huge, 4_000)])
    session.execute(update(Product).where(Product.id == gone.id).values(is_active=False))
    session.execute(update(Inventory).where(Inventory.product_id == sold_out.id).values(available_quantity=0))

    answer = merge(shopper, guest).json["data"]

    assert quantities(shopper.get()) == {milk.id: 1, huge.id: 10_000}
    assert answer["left_out"] == [
        {"product_id": gone.id, "product_name": "Gone", "quantity": 2, "reason": "PRODUCT_INACTIVE"},
        {"product_id": sold_out.id, "product_name": "Sold out", "quantity": 3, "reason": "OUT_OF_STOCK_ANYWHERE"},
        {"product_id": huge.id, "product_name": "Huge", "quantity": 3_000, "reason": "QUANTITY_LIMIT"},
    ]


def test_merging_never_fills_a_cart_beyond_200_products(
    shopper: Shopper, guest: Shopper, session: Session, warehouse: StockLocation
) -> None:
    category = factories.make_category(session)
    products = [factories.make_product(session, stock={warehouse: 9}, category_id=category.id) for _ in range(202)]
    shopper.set_all([(product, 1) for product in products[2:201]])
    guest.set_all([(product, 1) for product in (*products[:2], products[200])])

    answer = merge(shopper, guest).json["data"]

    assert answer["cart"]["items_count"] == 200
    assert [(line["product_id"], line["reason"]) for line in answer["left_out"]] == [(products[1].id, "CART_FULL")]
    assert quantities(shopper.get())[products[200].id] == 2


def test_merging_needs_a_signed_in_user(client: FlaskClient, guest: Shopper) -> None:
    assert code(merge(guest, guest)) == (401, "AUTH_REQUIRED")


def test_a_token_nobody_has_merges_nothing(shopper: Shopper) -> None:
    nobody = Shopper(shopper.client, {"X-Cart-Token": "unknown"})

    assert code(merge(shopper, nobody)) == (404, "CART_NOT_FOUND")


FORM = {"email": "dana@example.com", "password": factories.PASSWORD, "full_name": "Dana Levi"}


def bearer(answer: TestResponse) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json['data']['access_token']}"}


def test_registering_with_a_guests_token_brings_the_cart_along(guest: Shopper, milk: Product) -> None:
    guest.add(milk, 3)

    answer = guest.client.post("/api/v1/auth/register", json=FORM, headers=guest.headers)

    assert answer.status_code == 201
    assert quantities(Shopper(guest.client, bearer(answer)).get()) == {milk.id: 3}
    assert code(guest.get()) == (404, "CART_NOT_FOUND")


def test_signing_in_with_a_guests_token_merges_the_cart(
    client: FlaskClient, session: Session, guest: Shopper, milk: Product
) -> None:
    user = factories.make_user(session, password=factories.PASSWORD)
    member = Shopper(client, factories.sign_in(session, user))
    member.add(milk, 1)
    guest.add(milk, 3)

    form = {"email": user.email, "password": factories.PASSWORD}
    answer = client.post("/api/v1/auth/login", json=form, headers=guest.headers)

    assert answer.status_code == 200
    assert quantities(member.get()) == {milk.id: 4}
    assert audited(session)[-1][0] == "ADD_ITEM"


@pytest.mark.parametrize("token", ["unknown", "", "\xe9", "x" * 5_000])
def test_a_dead_token_never_stops_a_sign_in(client: FlaskClient, session: Session, token: str) -> None:
    user = factories.make_user(session, password=factories.PASSWORD)

    form = {"email": user.email, "password": factories.PASSWORD}
    answer = client.post("/api/v1/auth/login", json=form, headers={"X-Cart-Token": token})

    assert answer.status_code == 200


def test_a_failed_sign_in_leaves_the_guests_cart_alone(
    client: FlaskClient, session: Session, guest: Shopper, milk: Product
) -> None:
    user = factories.make_user(session, password=factories.PASSWORD)
    guest.add(milk, 3)

    form = {"email": user.email, "password": "not-this-1"}
    answer = client.post("/api/v1/auth/login", json=form, headers=guest.headers)

    assert code(answer) == (400, "INVALID_CREDENTIALS")
    assert quantities(guest.get()) == {milk.id: 3}


# What it costs


def test_the_first_look_costs_three_statements_and_later_ones_two(
    shopper: Shopper, milk: Product, statements: Statements
) -> None:
    shopper.get()
    first = len(statements)
    shopper.add(milk)
    statements.clear()

    shopper.get()

    assert (first, len(statements)) == (3, 2)


def test_what_an_add_answers_is_the_cart_as_it_is_read(
    shopper: Shopper, milk: Product, warehouse: StockLocation, session: Session
) -> None:
    bread = factories.make_product(session, stock={warehouse: 5}, price=Decimal("7.25"))
    shopper.add(milk)
    shopper.add(bread)

    answer = shopper.add(milk, 2)

    cart = shopper.get().json
    assert answer.json == cart
    assert [line["quantity"] for line in cart["data"]["items"]] == [3, 1]


def test_adding_costs_four_statements_with_or_without_a_cart(
    shopper: Shopper, milk: Product, statements: Statements
) -> None:
    shopper.add(milk)
    without = len(statements)
    statements.clear()

    shopper.add(milk)

    assert (without, len(statements)) == (4, 4)


def test_setting_costs_five_statements_removing_four_and_clearing_three(
    shopper: Shopper, milk: Product, statements: Statements
) -> None:
    item_id = shopper.add(milk).json["data"]["items"][0]["id"]
    costs = []
    for act in (lambda: shopper.set(item_id, 2), lambda: shopper.remove(item_id), shopper.clear):
        statements.clear()
        act()
        costs.append(len(statements))

    assert costs == [5, 4, 3]


def test_a_bulk_call_costs_the_same_for_one_line_and_for_many(
    shopper: Shopper, session: Session, warehouse: StockLocation, statements: Statements
) -> None:
    products = [factories.make_product(session, stock={warehouse: 9}) for _ in range(30)]
    costs = []
    for size in (1, 30):
        statements.clear()
        answer = shopper.set_all([(product, size % 7 + 1) for product in products[:size]])
        assert answer.status_code == 200
        costs.append(len(statements))

    assert costs == [5, 5]


def test_merging_costs_the_same_for_one_line_and_for_many(
    shopper: Shopper, session: Session, warehouse: StockLocation, statements: Statements
) -> None:
    products = [factories.make_product(session, stock={warehouse: 9}) for _ in range(30)]
    costs = []
    for size in (1, 30):
        token = shopper.client.post(f"{CART}/guest").json["data"]["cart_token"]
        guest = Shopper(shopper.client, {"X-Cart-Token": token})
        guest.set_all([(product, 1) for product in products[:size]])
        statements.clear()
        assert merge(shopper, guest).status_code == 200
        costs.append(len(statements))

    assert costs[0] == costs[1] <= 8


def test_the_database_refuses_a_second_active_cart(session: Session) -> None:
    from sqlalchemy.exc import IntegrityError

    user = factories.make_user(session)
    session.add(Cart(user_id=user.id))
    session.flush()
    session.add(Cart(user_id=user.id))

    with pytest.raises(IntegrityError, match="uq_carts_active"):
        session.flush()


def test_a_line_is_unique_for_its_product(shopper: Shopper, session: Session, milk: Product) -> None:
    cart_id = shopper.add(milk).json["data"]["id"]

    shopper.add(milk)

    assert session.scalar(select(func.count()).where(CartItem.cart_id == cart_id)) == 1


@pytest.mark.parametrize("quantity", [True, False])
def test_true_and_false_are_no_quantities(client: FlaskClient, session: Session, quantity: bool) -> None:
    shop = open_shop(session)
    shopper = make_shopper(session, client)
    shopper.add(shop.products[0], 3)

    line = {"product_id": shop.products[0].id, "quantity": quantity}
    answer = client.put("/api/v1/cart/items", json={"items": [line]}, headers=shopper.headers)

    assert answer.status_code == 400
    assert shopper.get("/cart").json["data"]["items"][0]["quantity"] == 3
