"""A shopper's own orders over HTTP: list, detail, and what strangers see."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.domain.discounts import Discount
from app.domain.enums import (
    DiscountKind,
    FulfillmentType,
    OrderStatus,
    Role,
    SoldBy,
    SubstitutionStatus,
)
from app.domain.picking import FinalLine, final_totals
from tests.conftest import Statements
from tests.factories import (
    make_discount,
    make_order,
    make_product,
    make_slot,
    make_substitution,
    make_user,
    make_warehouse,
    sign_in,
)
from tests.packed_orders import lines_of, packed_order

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
    "query", ["limit=0", "limit=-1", "limit=many", "offset=-1", "cursor=made-up", "status=EATEN", "colour=red"]
)
def test_a_bad_query_is_refused(client: FlaskClient, session: Session, query: str) -> None:
    answer = client.get(f"{ORDERS}?{query}", headers=sign_in(session, make_user(session)))

    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "VALIDATION_ERROR"


def test_a_larger_limit_is_taken_for_the_largest(client: FlaskClient, session: Session) -> None:
    answer = client.get(f"{ORDERS}?limit=5000", headers=sign_in(session, make_user(session)))

    assert (answer.status_code, answer.json["meta"]["limit"]) == (200, 200)


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


def test_a_packed_order_shows_what_was_picked_replaced_and_left_out(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    made = packed_order(session, user)

    order = client.get(f"{ORDERS}/{made.id}", headers=sign_in(session, user)).json["data"]

    cola, milk, bread = order["items"]
    assert (cola["picked_quantity"], cola["missing"], cola["final_total"]) == (2, False, 17.8)
    assert (milk["picked_status"], milk["replacement_name"], milk["final_total"]) == ("REPLACED", "Oat", 10.0)
    assert (bread["missing"], bread["final_total"], bread["substitution"]) == (True, None, None)
    substitution = milk["substitution"]
    assert (substitution["name"], substitution["quantity"], substitution["unit_price"]) == ("Oat", 2, 6.0)
    assert (substitution["line_total"], substitution["status"]) == (10.0, "ACCEPTED")
    assert substitution["may_decide"] is False
    assert order["deposits"] == [
        {"name": "Deposit: Cola", "quantity": 2, "unit_deposit": 0.3, "total": 0.6},
        {"name": "Deposit: Oat", "quantity": 2, "unit_deposit": 0.25, "total": 0.5},
    ]


def test_the_amounts_of_a_packed_order_add_up_with_each_discount_on_its_own(
    client: FlaskClient, session: Session
) -> None:
    user = make_user(session)
    made = packed_order(session, user)

    order = client.get(f"{ORDERS}/{made.id}", headers=sign_in(session, user)).json["data"]

    assert [(each["kind"], each["code"], each["amount"], each["final_amount"]) for each in order["discounts"]] == [
        ("PERCENT", "TEN", 6.27, 2.78),
        ("FREE_DELIVERY", "FREE", 30.0, 30.0),
    ]
    assert (order["final_items_total"], order["final_deposit_total"]) == (27.8, 1.1)
    assert (order["final_discount_total"], order["final_reduction"], order["final_total"]) == (32.78, 0.8, 25.32)
    # 3.58 are spread over 17.80 and 10.00: 2.29 and 1.29
    assert order["tax_table"] == [
        {"rate": 0.0, "gross": 8.71, "tax": 0.0},
        {"rate": 18.0, "gross": 15.51, "tax": 2.37},
    ]


def test_the_tax_table_of_a_packed_order_is_that_of_its_final_total(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    made = packed_order(session, user)
    lines = [
        FinalLine(Decimal("17.80"), Decimal("0.60"), Decimal("18.00")),
        FinalLine(Decimal("10.00"), Decimal("0.50"), Decimal("0.00")),
    ]
    discount = Discount(DiscountKind.PERCENT, Decimal(10))
    charged = final_totals(
        lines, delivery_fee=Decimal(0), delivery_tax_rate=Decimal(18), discount=discount, ceiling=Decimal("25.32")
    )

    order = client.get(f"{ORDERS}/{made.id}", headers=sign_in(session, user)).json["data"]

    assert sum(Decimal(str(row["tax"])) for row in order["tax_table"]) == charged.tax
    assert sum(Decimal(str(row["gross"])) for row in order["tax_table"]) == charged.total - charged.deposits


def test_before_it_is_packed_an_order_has_no_final_amounts_and_taxes_follow_the_discount(
    client: FlaskClient, session: Session
) -> None:
    user = make_user(session)
    product = make_product(session, price=Decimal("23.60"))
    fee = {"delivery_fee": Decimal("30.00"), "delivery_tax_rate": Decimal("17.00")}
    made = make_order(session, user, product, discount_total=Decimal("41.80"), **fee)
    make_discount(session, made, code="FREE", kind=DiscountKind.FREE_DELIVERY, value=Decimal(0), amount=Decimal(30))
    make_discount(session, made, code="LESS", amount=Decimal("11.80"))
    lines_of(session, made)[0].discount_amount = Decimal("11.80")
    session.commit()

    order = client.get(f"{ORDERS}/{made.id}", headers=sign_in(session, user)).json["data"]

    assert {order[name] for name in order if name.startswith("final_")} == {None}
    assert [(each["code"], each["final_amount"]) for each in order["discounts"]] == [("FREE", None), ("LESS", None)]
    assert order["items"][0]["discount_amount"] == 11.8
    assert order["tax_table"] == [{"rate": 18.0, "gross": 11.8, "tax": 1.8}]
    assert (order["total_amount"], order["delivered_at"], order["driver_name"]) == (11.8, None, None)


@pytest.mark.parametrize(
    ("status", "may_decide"),
    [(OrderStatus.IN_PROGRESS, True), (OrderStatus.MISSING, True), (OrderStatus.READY, False)],
)
def test_a_substitute_may_be_refused_until_the_order_is_packed(
    client: FlaskClient, session: Session, status: OrderStatus, may_decide: bool
) -> None:
    user = make_user(session)
    made = make_order(session, user, status=status)
    [line] = lines_of(session, made)
    make_substitution(session, line, make_product(session, name="Refused"), status=SubstitutionStatus.REFUSED)
    make_substitution(session, line, make_product(session, name="Proposed"))

    [shown] = client.get(f"{ORDERS}/{made.id}", headers=sign_in(session, user)).json["data"]["items"]

    assert shown["replacement_name"] == shown["substitution"]["name"] == "Proposed"
    assert shown["substitution"]["may_decide"] is may_decide


def test_the_driver_is_named_once_the_order_is_on_its_way(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    driver = make_user(session, role=Role.EMPLOYEE, full_name="Dan Driver")
    made = make_order(session, user, status=OrderStatus.READY, driver_id=driver.id)
    headers = sign_in(session, user)

    before = client.get(f"{ORDERS}/{made.id}", headers=headers).json["data"]
    made.status, made.dispatched_at = OrderStatus.DELIVERED, SUNDAY_EIGHT
    made.delivered_at = SUNDAY_TEN
    session.commit()
    after = client.get(f"{ORDERS}/{made.id}", headers=headers).json["data"]

    assert (before["driver_name"], before["delivered_at"]) == (None, None)
    assert after["driver_name"] == "Dan Driver"
    assert datetime.fromisoformat(after["delivered_at"]) == SUNDAY_TEN


def test_substitutes_and_discounts_cost_no_further_statement(
    client: FlaskClient, session: Session, statements: Statements
) -> None:
    user = make_user(session)
    for _ in range(3):
        packed_order(session, user)
    headers = sign_in(session, user)
    statements.clear()

    answer = client.get(ORDERS, headers=headers)

    assert [len(order["discounts"]) for order in answer.json["data"]] == [2] * 3
    assert len(statements) == 2
