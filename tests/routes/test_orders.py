"""A shopper's own orders over HTTP: list, detail, and what strangers see."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.domain.enums import FulfillmentType, OrderStatus, Role, SoldBy
from tests.conftest import Statements
from tests.factories import make_order, make_product, make_slot, make_user, make_warehouse, sign_in

ORDERS = "/api/v1/orders"
SUNDAY_EIGHT = datetime(2026, 12, 6, 6, 0, tzinfo=UTC)  # 08:00 in Jerusalem in winter
SUNDAY_TEN = datetime(2026, 12, 6, 8, 0, tzinfo=UTC)


def ids(answer: Any) -> list[int]:
    return [order["id"] for order in answer.json["data"]]


def test_orders_are_listed_newest_first_with_their_place(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    made = [make_order(session, user).id for _ in range(3)]
    make_order(session, make_user(session))

    answer = client.get(ORDERS, headers=sign_in(session, user))

    assert ids(answer) == made[::-1]
    assert answer.json["meta"] == {"total": 3, "limit": 50, "offset": 0, "next_cursor": None, "has_next": False}


def test_pages_by_offset_and_by_cursor_agree(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    made = [make_order(session, user).id for _ in range(5)][::-1]
    headers = sign_in(session, user)

    first = client.get(f"{ORDERS}?limit=2", headers=headers)
    by_offset = client.get(f"{ORDERS}?limit=2&offset=2", headers=headers)
    by_cursor = client.get(f"{ORDERS}?limit=2&cursor={first.json['meta']['next_cursor']}", headers=headers)
    last = client.get(f"{ORDERS}?limit=2&cursor={by_cursor.json['meta']['next_cursor']}", headers=headers)

    assert ids(first) == made[:2]
    assert ids(by_offset) == ids(by_cursor) == made[2:4]
    assert ids(last) == made[4:]
    assert first.json["meta"]["has_next"]
    assert not last.json["meta"]["has_next"]


def test_an_empty_list_counts_nothing(client: FlaskClient, session: Session) -> None:
    headers = sign_in(session, make_user(session))

    answer = client.get(ORDERS, headers=headers)
    beyond = client.get(f"{ORDERS}?offset=10", headers=headers)

    assert (answer.json["data"], answer.json["meta"]["total"]) == ([], 0)
    assert (beyond.json["data"], beyond.json["meta"]["total"]) == ([], None)


def test_orders_of_one_status_are_listed_and_counted_alone(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    make_order(session, user)
    canceled = make_order(session, user, status=OrderStatus.CANCELED)

    answer = client.get(f"{ORDERS}?status=CANCELED", headers=sign_in(session, user))

    assert ids(answer) == [canceled.id]
    assert answer.json["meta"]["total"] == 1


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=many", "offset=-1", "cursor=made-up", "status=EATEN", "colour=red"]
)
def test_a_bad_query_is_refused(client: FlaskClient, session: Session, query: str) -> None:
    answer = client.get(f"{ORDERS}?{query}", headers=sign_in(session, make_user(session)))

    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "VALIDATION_ERROR"


def test_the_list_takes_two_statements_for_any_number_of_orders_and_lines(
    client: FlaskClient, session: Session, statements: Statements
) -> None:
    user = make_user(session)
    products = [make_product(session) for _ in range(4)]
    for _ in range(6):
        make_order(session, user, *products)
    headers = sign_in(session, user)
    statements.clear()

    answer = client.get(ORDERS, headers=headers)

    assert [len(order["items"]) for order in answer.json["data"]] == [4] * 6
    assert len(statements) == 2


def test_an_order_shows_its_lines_deposits_and_taxes(client: FlaskClient, session: Session) -> None:
    user = make_user(session, full_name="Noa Bar", phone="+972501234567")
    bottle = make_product(session, name="Cola", price=Decimal("8.90"), deposit=Decimal("0.30"))
    apples = make_product(
        session,
        name="תפוחים",
        price=Decimal("12.00"),
        tax_rate=Decimal("0"),
        sold_by=SoldBy.WEIGHT,
        estimated_weight_grams=250,
        image_urls=["https://img.example/apples.jpg"],
    )
    fee = {"delivery_fee": Decimal("30.00"), "delivery_tax_rate": Decimal("18.00")}
    made = make_order(session, user, bottle, apples, quantity=2, **fee)

    order = client.get(f"{ORDERS}/{made.id}", headers=sign_in(session, user)).json["data"]

    assert order["order_number"] == made.order_number
    assert (order["customer_name"], order["customer_phone"]) == ("Noa Bar", "+972501234567")
    assert order["items_count"] == 2
    assert (order["items_total"], order["deposit_total"], order["delivery_fee"]) == (23.8, 0.6, 30.0)
    assert order["total_amount"] == 54.4
    assert order["deposits"] == [{"name": "Deposit: Cola", "quantity": 2, "unit_deposit": 0.3, "total": 0.6}]
    assert order["tax_table"] == [
        {"rate": 0.0, "gross": 6.0, "tax": 0.0},
        {"rate": 18.0, "gross": 47.8, "tax": 7.3},
    ]
    weighed = order["items"][1]
    assert (weighed["name"], weighed["sold_by"], weighed["picked_status"]) == ("תפוחים", "WEIGHT", "PENDING")
    assert (weighed["unit_price"], weighed["line_total"]) == (3.0, 6.0)
    assert (weighed["price_per_kg"], weighed["estimated_weight_grams"]) == (12.0, 250)
    assert weighed["image_url"] == "https://img.example/apples.jpg"
    assert weighed["replacement_name"] is None


def test_lines_keep_the_order_they_were_bought_in(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    products = [make_product(session) for _ in range(4)][::-1]
    made = make_order(session, user, *products)

    order = client.get(f"{ORDERS}/{made.id}", headers=sign_in(session, user)).json["data"]

    assert [line["product_id"] for line in order["items"]] == [product.id for product in products]


def test_an_order_shows_its_payment(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    made = make_order(session, user)

    order = client.get(f"{ORDERS}/{made.id}", headers=sign_in(session, user)).json["data"]

    assert order["payment"] == {
        "reference": f"MOCKPAY-1-{made.id:08x}",
        "provider": "mockpay",
        "last4": "4242",
        "authorized_amount": 10.0,
        "captured_amount": 0.0,
        "refunded_amount": 0.0,
    }


def test_a_delivery_shows_its_window_in_the_shops_time(client: FlaskClient, session: Session) -> None:
    user, warehouse = make_user(session), make_warehouse(session)
    slot = make_slot(session, warehouse)
    times = {"slot_start": SUNDAY_EIGHT, "slot_end": SUNDAY_TEN}
    made = make_order(session, user, delivery_slot_id=slot.id, stock_location_id=warehouse.id, **times)

    order = client.get(f"{ORDERS}/{made.id}", headers=sign_in(session, user)).json["data"]

    expected = {"id": slot.id, "date": "2026-12-06", "start_time": "08:00:00", "end_time": "10:00:00"}
    assert order["delivery_slot"] == expected
    assert order["pickup_start"] is None


def test_a_pickup_shows_its_branch_and_window(client: FlaskClient, session: Session) -> None:
    user, branch = make_user(session), make_warehouse(session, name="North", address="1 Port Road")
    columns = {"slot_start": SUNDAY_EIGHT, "slot_end": SUNDAY_TEN, "stock_location_id": branch.id, "address": None}
    made = make_order(session, user, fulfillment_type=FulfillmentType.PICKUP, **columns)

    order = client.get(f"{ORDERS}/{made.id}", headers=sign_in(session, user)).json["data"]

    assert order["branch"] == {"id": branch.id, "name": "North", "address": "1 Port Road"}
    assert datetime.fromisoformat(order["pickup_start"]) == SUNDAY_EIGHT
    assert datetime.fromisoformat(order["pickup_end"]) == SUNDAY_TEN
    assert order["delivery_slot"] is None


def test_reordering_adds_what_is_still_sold_and_names_the_rest(client: FlaskClient, session: Session) -> None:
    user, warehouse = make_user(session), make_warehouse(session)
    milk = make_product(session, name="Milk", stock={warehouse: 5})
    gone = make_product(session, name="Gone", stock={warehouse: 5})
    sold_out = make_product(session, name="Sold out")
    made = make_order(session, user, milk, gone, sold_out, quantity=2, stock_location_id=warehouse.id)
    gone.is_active = False
    milk.price = Decimal("12.00")
    session.commit()

    again = client.post(f"{ORDERS}/{made.id}/reorder", headers=sign_in(session, user)).json["data"]

    [line] = again["cart"]["items"]
    assert (line["product_id"], line["quantity"], line["unit_price"]) == (milk.id, 2, 12.0)
    reasons = {line["product_name"]: (line["product_id"], line["reason"]) for line in again["left_out"]}
    assert reasons == {
        "Gone": (gone.id, "PRODUCT_INACTIVE"),
        "Sold out": (sold_out.id, "OUT_OF_STOCK_ANYWHERE"),
    }


def test_reordering_adds_to_what_the_cart_holds(client: FlaskClient, session: Session) -> None:
    user, warehouse = make_user(session), make_warehouse(session)
    milk = make_product(session, stock={warehouse: 9})
    made = make_order(session, user, milk, quantity=2, stock_location_id=warehouse.id)
    headers = sign_in(session, user)
    client.post("/api/v1/cart/items", json={"product_id": milk.id, "quantity": 1}, headers=headers)

    client.post(f"{ORDERS}/{made.id}/reorder", headers=headers)

    cart = client.get("/api/v1/cart", headers=headers).json["data"]
    assert [line["quantity"] for line in cart["items"]] == [3]


def test_reordering_a_strangers_order_is_not_found(client: FlaskClient, session: Session) -> None:
    made = make_order(session, make_user(session))

    answer = client.post(f"{ORDERS}/{made.id}/reorder", headers=sign_in(session, make_user(session)))

    assert answer.status_code == 404


def test_reordering_takes_few_statements_for_any_number_of_lines(
    client: FlaskClient, session: Session, statements: Statements
) -> None:
    user, warehouse = make_user(session), make_warehouse(session)
    products = [make_product(session, stock={warehouse: 5}) for _ in range(7)]
    made = make_order(session, user, *products, stock_location_id=warehouse.id)
    headers = sign_in(session, user)
    statements.clear()

    client.post(f"{ORDERS}/{made.id}/reorder", headers=headers)

    assert len(statements) == 6  # sign-in, lines, cart, offers, write, answer


@pytest.mark.parametrize("path", ["", "/receipt"])
@pytest.mark.parametrize("role", list(Role))
def test_another_users_order_is_not_found_for_every_role(
    client: FlaskClient, session: Session, role: Role, path: str
) -> None:
    made = make_order(session, make_user(session))

    answer = client.get(f"{ORDERS}/{made.id}{path}", headers=sign_in(session, make_user(session, role=role)))

    assert answer.status_code == 404
    assert answer.json["error"]["code"] == "NOT_FOUND"


def test_polling_with_the_etag_costs_no_body_until_the_status_changes(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    made = make_order(session, user)
    headers = sign_in(session, user)
    tag = client.get(f"{ORDERS}/{made.id}", headers=headers).headers["ETag"]

    unchanged = client.get(f"{ORDERS}/{made.id}", headers={**headers, "If-None-Match": tag})
    made.status = OrderStatus.IN_PROGRESS
    session.commit()
    changed = client.get(f"{ORDERS}/{made.id}", headers={**headers, "If-None-Match": tag})

    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert changed.json["data"]["status"] == "IN_PROGRESS"
