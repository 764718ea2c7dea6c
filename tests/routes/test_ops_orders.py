"""The staff's queue and one order of it over HTTP: order, scope, filters and what each shows."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import literal, select, update
from sqlalchemy.orm import Session

from app.config import settings
from app.domain import urgency
from app.domain.enums import (
    DeliveryOutcome,
    DiscountKind,
    FulfillmentType,
    OrderStatus,
    PickedStatus,
    Role,
    SoldBy,
    SubstitutionPreference,
    SubstitutionStatus,
)
from app.models import DeliveryAttempt, Order, OrderItem, StockLocation, User
from app.schemas.picking_queue import QueueQuery
from app.services import audit, pages
from app.services.orders import queue
from tests.conftest import Statements
from tests.factories import (
    caller_of,
    make_category,
    make_discount,
    make_employee,
    make_location,
    make_order,
    make_product,
    make_slot,
    make_substitution,
    make_user,
    make_warehouse,
    sign_in,
)

ORDERS = "/api/v1/ops/orders"


@pytest.fixture
def branch(session: Session) -> StockLocation:
    return make_warehouse(session, name="North", address="1 Port Road")


@pytest.fixture
def employee(session: Session, branch: StockLocation) -> User:
    return make_employee(session, branch, full_name="Pini Picker")


@pytest.fixture
def headers(session: Session, employee: User) -> dict[str, str]:
    return sign_in(session, employee)


def order_at(session: Session, branch: StockLocation, *, due_in: float | None = None, **columns: Any) -> Order:
    """An order of the branch for a slot of two hours that starts in so many hours."""
    if due_in is not None:
        start = datetime.now(UTC) + timedelta(hours=due_in)
        columns |= {"slot_start": start, "slot_end": start + timedelta(hours=2)}
    return make_order(session, make_user(session), make_product(session), stock_location_id=branch.id, **columns)


def ids(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.json
    return [order["id"] for order in answer.json["data"]]


def lines_of(session: Session, order: Order) -> list[OrderItem]:
    return list(session.scalars(select(OrderItem).where(OrderItem.order_id == order.id).order_by(OrderItem.id)))


def test_orders_in_work_come_by_urgency_and_ended_ones_after_them_newest_first(
    client: FlaskClient, session: Session, branch: StockLocation, headers: dict[str, str]
) -> None:
    old = order_at(session, branch, status=OrderStatus.DELIVERED, due_in=-72)
    later = order_at(session, branch, due_in=72)
    late = order_at(session, branch, due_in=-48, status=OrderStatus.IN_PROGRESS)
    gone = order_at(session, branch, status=OrderStatus.CANCELED, due_in=-1)
    soon = order_at(session, branch, due_in=-24, status=OrderStatus.DELAYED)

    answer = client.get(ORDERS, headers=headers)

    assert ids(answer) == [late.id, soon.id, later.id, gone.id, old.id]
    assert answer.json["meta"]["total"] == 5


def test_of_equal_rank_the_window_that_ends_first_and_then_the_older_order_comes_first(
    client: FlaskClient, session: Session, branch: StockLocation, headers: dict[str, str]
) -> None:
    noon = datetime.now(UTC)
    window = {"fulfillment_type": FulfillmentType.PICKUP, "slot_start": noon, "address": None}
    second = order_at(session, branch, **window, slot_end=noon + timedelta(hours=1))
    third = order_at(session, branch, **window, slot_end=noon + timedelta(hours=1))
    first = order_at(session, branch, **window, slot_end=noon + timedelta(minutes=30))

    answer = client.get(ORDERS, headers=headers)

    assert ids(answer) == [first.id, second.id, third.id]
    assert {order["urgency_rank"] for order in answer.json["data"]} == {1440}


def test_pages_of_any_size_give_the_same_order_of_orders(
    client: FlaskClient, session: Session, branch: StockLocation, headers: dict[str, str]
) -> None:
    for hours in (5, -30, 50, 1, 26):
        order_at(session, branch, due_in=hours)
    for status in (OrderStatus.DELIVERED, OrderStatus.CANCELED, OrderStatus.DELIVERED):
        order_at(session, branch, status=status)
    whole = ids(client.get(ORDERS, headers=headers))

    by_offset = [
        order
        for offset in range(0, 8, 3)
        for order in ids(client.get(f"{ORDERS}?limit=3&offset={offset}", headers=headers))
    ]
    by_cursor, cursor = [], ""
    while cursor is not None:
        answer = client.get(f"{ORDERS}?limit=3{cursor and f'&cursor={cursor}'}", headers=headers)
        by_cursor += ids(answer)
        cursor = answer.json["meta"]["next_cursor"]

    assert len(whole) == len(set(whole)) == 8
    assert by_offset == by_cursor == whole


def test_beyond_a_thousand_orders_no_total_is_given(
    client: FlaskClient, session: Session, branch: StockLocation, headers: dict[str, str], monkeypatch: Any
) -> None:
    monkeypatch.setattr(pages, "COUNTED_UP_TO", 2)
    queue._built.cache_clear()
    order_at(session, branch)
    order_at(session, branch, status=OrderStatus.DELIVERED)
    exact = client.get(f"{ORDERS}?limit=1", headers=headers).json["meta"]
    order_at(session, branch, status=OrderStatus.CANCELED)

    beyond = client.get(f"{ORDERS}?limit=1", headers=headers).json["meta"]

    assert (exact["total"], beyond["total"]) == (2, None)
    queue._built.cache_clear()


def test_the_rank_of_the_database_is_that_of_the_rule(session: Session, branch: StockLocation) -> None:
    now, zone = datetime(2026, 3, 27, 7, 0, tzinfo=UTC), settings().zone
    for hours in (-50.5, -12, -0.25, 0, 3, 9, 30, 200.75):
        start = now + timedelta(hours=hours)
        order_at(session, branch, slot_start=start, slot_end=start + timedelta(hours=2))
    order_at(
        session, branch, fulfillment_type=FulfillmentType.PICKUP, slot_start=now, slot_end=now + timedelta(hours=2)
    )
    order_at(session, branch)
    values = {"zone": settings().shop_timezone, "midnight": urgency.midnight(now, zone)}

    rows = session.execute(
        select(Order.fulfillment_type, Order.slot_start, queue.RANK.label("rank")).where(
            Order.stock_location_id == branch.id
        ),
        values,
    ).all()

    assert len(rows) == 10
    assert [row.rank for row in rows] == [
        urgency.rank(fulfillment=row.fulfillment_type, slot_start=row.slot_start, now=now, zone=zone) for row in rows
    ]


def test_every_row_carries_the_rank_and_word_it_is_sorted_by(session: Session, branch: StockLocation) -> None:
    now = datetime(2026, 12, 6, 10, 0, tzinfo=UTC)  # noon in Jerusalem
    for hours in (-1, 2, 5, 30):
        start = now + timedelta(hours=hours)
        order_at(session, branch, slot_start=start, slot_end=start + timedelta(hours=2))
    manager = caller_of(session, make_user(session, role=Role.MANAGER))

    found, _ = queue.page(QueueQuery(branch_id=branch.id), manager, now=now)

    assert [(order.urgency_rank, order.urgency.value) for order in found] == [
        (660, "critical"),
        (840, "dueSoon"),
        (1020, "onTrack"),
        (2520, "scheduled"),
    ]


def test_a_row_of_the_queue_shows_all_the_dashboard_reads(
    client: FlaskClient, session: Session, branch: StockLocation, headers: dict[str, str], employee: User
) -> None:
    customer = make_user(session, full_name="Noa Bar", phone="+972501234567")
    products = [make_product(session, name=name) for name in ("Milk", "Bread", "Eggs", "Salt", "Oil")]
    slot = make_slot(session, branch)
    driver = make_employee(session, branch, full_name="Dan Driver")
    start = datetime(2026, 12, 6, 6, 0, tzinfo=UTC)
    columns = {"delivery_slot_id": slot.id, "slot_start": start, "slot_end": start + timedelta(hours=2)}
    columns |= {"picker_id": employee.id, "driver_id": driver.id, "stock_location_id": branch.id}
    made = make_order(session, customer, *products, quantity=2, status=OrderStatus.IN_PROGRESS, **columns)
    first = lines_of(session, made)[0]
    first.picked_status, first.picked_quantity = PickedStatus.PICKED, 2
    session.commit()

    [order] = client.get(ORDERS, headers=headers).json["data"]

    assert order["order_id"] == order["id"] == made.id
    assert order["order_number"] == made.order_number
    assert (order["status"], order["fulfillment_type"]) == ("IN_PROGRESS", "DELIVERY")
    assert order["customer_name"] == "Noa Bar"
    assert order["customer"] == {"full_name": "Noa Bar", "phone": "+972501234567"}
    assert order["items_summary"] == "Milk x2, Bread x2, Eggs x2 (+2 more)"
    assert (order["items_count"], order["items_pending"]) == (5, 4)
    assert [line["picked_status"] for line in order["items"]] == ["PICKED"] + ["PENDING"] * 4
    window = {"date": "2026-12-06", "start_time": "08:00:00", "end_time": "10:00:00"}
    assert order["delivery_slot"] == {"id": slot.id, **window}
    assert order["branch"] == {"id": branch.id, "name": "North", "address": "1 Port Road"}
    assert order["picker"] == {"id": employee.id, "full_name": "Pini Picker"}
    assert order["driver"] == {"id": driver.id, "full_name": "Dan Driver"}
    assert (order["batch_id"], order["total_amount"], order["final_total"]) == (None, 100.0, None)
    assert order["created_at"].endswith(("Z", "+00:00"))


def test_three_lines_are_named_without_a_rest(
    client: FlaskClient, session: Session, branch: StockLocation, headers: dict[str, str]
) -> None:
    products = [make_product(session, name=name) for name in ("Milk", "Bread", "Eggs")]
    make_order(session, make_user(session), *products, stock_location_id=branch.id)

    [order] = client.get(ORDERS, headers=headers).json["data"]

    assert order["items_summary"] == "Milk x1, Bread x1, Eggs x1"
    assert (order["picker"], order["driver"], order["delivery_slot"]) == (None, None, None)


@pytest.mark.parametrize("status", [OrderStatus.PENDING_PAYMENT, OrderStatus.CANCELLING])
def test_an_order_whose_payment_is_undecided_is_not_shown(
    client: FlaskClient, session: Session, branch: StockLocation, headers: dict[str, str], status: OrderStatus
) -> None:
    made = order_at(session, branch, status=status, pay_deadline=datetime.now(UTC))

    assert ids(client.get(ORDERS, headers=headers)) == []
    assert ids(client.get(f"{ORDERS}?status={status}", headers=headers)) == []
    assert client.get(f"{ORDERS}/{made.id}", headers=headers).status_code == 404


def test_employees_see_their_branches_alone_and_managers_all(
    client: FlaskClient, session: Session, branch: StockLocation, headers: dict[str, str]
) -> None:
    mine, foreign = order_at(session, branch), order_at(session, make_location(session))
    ended = order_at(session, make_location(session), status=OrderStatus.DELIVERED)
    manager = sign_in(session, make_user(session, role=Role.MANAGER))

    assert ids(client.get(ORDERS, headers=headers)) == [mine.id]
    assert client.get(f"{ORDERS}/{foreign.id}", headers=headers).status_code == 404
    assert client.get(f"{ORDERS}/{mine.id}", headers=headers).status_code == 200
    assert {mine.id, foreign.id, ended.id} <= set(ids(client.get(ORDERS, headers=manager)))
    assert client.get(f"{ORDERS}/{foreign.id}", headers=manager).status_code == 200


def test_ended_orders_of_several_branches_are_one_list_newest_first(
    client: FlaskClient, session: Session, branch: StockLocation
) -> None:
    places = [branch, make_location(session)]
    headers = sign_in(session, make_employee(session, *places))
    now = datetime.now(UTC)
    ages = [3, 1, 4, 2]
    made = {
        age: order_at(session, places[age % 2], status=OrderStatus.CANCELED, created_at=now - timedelta(days=age)).id
        for age in ages
    }

    whole = ids(client.get(ORDERS, headers=headers))
    second = ids(client.get(f"{ORDERS}?limit=2&offset=2", headers=headers))

    assert whole == [made[age] for age in sorted(ages)]
    assert second == whole[2:]


def test_somebody_who_works_nowhere_sees_nothing(client: FlaskClient, session: Session, branch: StockLocation) -> None:
    order_at(session, branch)

    answer = client.get(ORDERS, headers=sign_in(session, make_employee(session)))

    assert (ids(answer), answer.json["meta"]["total"]) == ([], 0)


@pytest.mark.parametrize("path", ["", "/1"])
def test_customers_are_kept_out(client: FlaskClient, session: Session, path: str) -> None:
    answer = client.get(f"{ORDERS}{path}", headers=sign_in(session, make_user(session)))

    assert answer.status_code == 403


def test_the_queue_is_narrowed_by_status_branch_kind_and_picker(
    client: FlaskClient, session: Session, branch: StockLocation, employee: User
) -> None:
    other = make_location(session)
    headers = sign_in(session, make_employee(session, branch, other))
    own = sign_in(session, employee)
    plain = order_at(session, branch)
    pickup = order_at(session, branch, fulfillment_type=FulfillmentType.PICKUP, picker_id=employee.id)
    elsewhere = order_at(session, other, picker_id=make_user(session).id, status=OrderStatus.IN_PROGRESS)
    ended = order_at(session, branch, status=OrderStatus.DELIVERED)

    def found(query: str, who: dict[str, str] = headers) -> set[int]:
        return set(ids(client.get(f"{ORDERS}?{query}", headers=who)))

    assert found("status=CREATED") == {plain.id, pickup.id}
    assert found("status=DELIVERED") == {ended.id}
    assert found(f"branchId={other.id}") == found(f"branch_id={other.id}") == {elsewhere.id}
    assert found("fulfillmentType=PICKUP") == {pickup.id}
    assert found("picker=none") == {plain.id}
    assert found("picker=claimed") == {pickup.id, elsewhere.id}
    assert found("picker=me", own) == {pickup.id}
    assert found("picker=me&status=DELIVERED", own) == set()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("dateFrom=2026-12-06&dateTo=2026-12-06", {"first", "last"}),
        ("date_from=2026-12-07", {"after"}),
        ("date_to=2026-12-05", {"before"}),
        ("date_from=2026-12-06T10:00:00Z&date_to=2026-12-06T21:59:59Z", {"last"}),
        ("date_from=2026-12-06T00:00&date_to=2026-12-06T00:01", {"first"}),
        ("date_from=2026-12-06T21:59:58Z&date_to=2026-12-06T22:00:00Z", {"last", "after"}),
        ("date_to=2026-12-05T23:59:59+02:00", {"before"}),
        ("date_from=2026-12-06T00:00:00%2B02:00&dateTo=2026-12-06T10:00:00%2B00:00", {"first"}),
    ],
)
def test_dates_are_days_of_the_shop_and_instants_are_exact(
    client: FlaskClient,
    session: Session,
    branch: StockLocation,
    headers: dict[str, str],
    query: str,
    expected: set[str],
) -> None:
    made = {
        "before": datetime(2026, 12, 5, 21, 59, 59, tzinfo=UTC),
        "first": datetime(2026, 12, 5, 22, 0, tzinfo=UTC),
        "last": datetime(2026, 12, 6, 21, 59, 58, tzinfo=UTC),
        "after": datetime(2026, 12, 6, 22, 0, tzinfo=UTC),
    }
    names = {order_at(session, branch, created_at=moment).id: name for name, moment in made.items()}

    found = ids(client.get(f"{ORDERS}?{query}", headers=headers))

    assert {names[order_id] for order_id in found} == expected


@pytest.mark.parametrize(
    "query",
    [
        "status=EATEN",
        "limit=0",
        "limit=201",
        "offset=10001",
        "picker=you",
        "date_from=yesterday",
        "date_to=2026-02-30",
        "date_to=0.5",
        "date_from=1767225600",
        "date_from=9999-12-31",
        "cursor=made-up",
        "branch_id=0",
        "colour=red",
    ],
)
def test_a_bad_query_is_refused(client: FlaskClient, headers: dict[str, str], query: str) -> None:
    answer = client.get(f"{ORDERS}?{query}", headers=headers)

    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("count", [1, 7])
def test_the_queue_takes_two_statements_for_any_number_of_orders(
    client: FlaskClient,
    session: Session,
    branch: StockLocation,
    headers: dict[str, str],
    statements: Statements,
    count: int,
) -> None:
    products = [make_product(session) for _ in range(3)]
    for _ in range(count):
        make_order(session, make_user(session), *products, stock_location_id=branch.id)
    order_at(session, branch, status=OrderStatus.DELIVERED)
    statements.clear()

    answer = client.get(ORDERS, headers=headers)

    assert len(ids(answer)) == count + 1
    assert len(statements) == 2  # sign-in, page


def test_one_order_shows_product_places_and_quantities(
    client: FlaskClient, session: Session, branch: StockLocation, headers: dict[str, str]
) -> None:
    produce = make_category(session, name="Produce - Fruit")
    apples = make_product(
        session,
        name="Apples",
        price=Decimal("12.00"),
        sold_by=SoldBy.WEIGHT,
        estimated_weight_grams=250,
        category_id=produce.id,
        image_urls=["https://img.example/apples.jpg"],
        bin_location="A-12",
        description="Crisp",
    )
    pears = make_product(session, name="Pears")
    made = make_order(session, make_user(session, full_name="Noa Bar"), apples, quantity=3, stock_location_id=branch.id)
    [line] = lines_of(session, made)
    line.picked_status, line.picked_quantity, line.picked_weight_grams = PickedStatus.PICKED, 2, 540
    line.missing_quantity, line.missing_reason = 1, "bruised"
    line.substitution_preference, line.preferred_product_id = SubstitutionPreference.THIS_PRODUCT, pears.id
    session.commit()

    order = client.get(f"{ORDERS}/{made.id}", headers=headers).json["data"]

    [shown] = order["items"]
    assert shown["product"] == {
        "name": "Apples",
        "image_url": "https://img.example/apples.jpg",
        "bin_location": "A-12",
        "description": "Crisp",
        "category": "Produce - Fruit",
    }
    assert (shown["quantity"], shown["picked_quantity"], shown["missing_quantity"]) == (3, 2, 1)
    assert (shown["picked_weight_grams"], shown["estimated_weight_grams"], shown["sold_by"]) == (540, 250, "WEIGHT")
    assert (shown["price_per_kg"], shown["unit_price"], shown["line_total"]) == (12.0, 3.0, 9.0)
    assert (shown["substitution_preference"], shown["preferred_product_name"]) == ("THIS_PRODUCT", "Pears")
    assert (shown["missing_reason"], shown["substitution"]) == ("bruised", None)
    assert order["customer"]["full_name"] == "Noa Bar"
    assert order["payment"]["authorized_amount"] == 9.0
    assert order["timeline"] == []


def test_one_order_shows_the_live_substitution_and_no_refused_one(
    client: FlaskClient, session: Session, branch: StockLocation, headers: dict[str, str]
) -> None:
    made = order_at(session, branch, status=OrderStatus.IN_PROGRESS)
    [line] = lines_of(session, made)
    make_substitution(session, line, make_product(session), status=SubstitutionStatus.REFUSED)
    oat = make_product(session, name="Oat milk", price=Decimal("12.50"), bin_location="C-3")
    make_substitution(session, line, oat)

    [shown] = client.get(f"{ORDERS}/{made.id}", headers=headers).json["data"]["items"]

    assert shown["picked_status"] == "REPLACED"
    substitution = shown["substitution"]
    assert (substitution["name"], substitution["bin_location"], substitution["status"]) == (
        "Oat milk",
        "C-3",
        "PROPOSED",
    )
    assert (substitution["unit_price"], substitution["line_total"]) == (12.5, 10.0)


def test_one_order_shows_its_discounts_attempts_and_history(
    client: FlaskClient, session: Session, branch: StockLocation, headers: dict[str, str], employee: User
) -> None:
    made = order_at(session, branch, status=OrderStatus.OUT_FOR_DELIVERY, driver_id=employee.id)
    make_discount(session, made, kind=DiscountKind.PERCENT, value=Decimal(10), code="TEN", amount=Decimal("1.00"))
    attempt = {"order_id": made.id, "actor_user_id": employee.id}
    session.add(DeliveryAttempt(outcome=DeliveryOutcome.FAILED, reason="Nobody home", **attempt))
    by = caller_of(session, employee)
    change = {"old": {"status": "READY"}, "new": {"status": "OUT_FOR_DELIVERY"}}
    audit.record(session, entity_type="order", action="UPDATE_STATUS", entity_id=made.id, by=by, **change)
    session.commit()

    order = client.get(f"{ORDERS}/{made.id}", headers=headers).json["data"]

    assert [(each["code"], each["amount"], each["final_amount"]) for each in order["discounts"]] == [("TEN", 1.0, None)]
    [failed] = order["delivery_attempts"]
    assert (failed["outcome"], failed["reason"], failed["driver_name"]) == ("FAILED", "Nobody home", "Pini Picker")
    [step] = order["timeline"]
    assert (step["action"], step["status"], step["actor_name"]) == ("UPDATE_STATUS", "OUT_FOR_DELIVERY", "Pini Picker")
    assert (order["final_items_total"], order["final_total"], order["final_reduction"]) == (10.0, 10.0, 0.0)


@pytest.mark.parametrize("count", [1, 6])
def test_one_order_takes_two_statements_for_any_number_of_lines(
    client: FlaskClient,
    session: Session,
    branch: StockLocation,
    headers: dict[str, str],
    statements: Statements,
    count: int,
) -> None:
    products = [make_product(session) for _ in range(count)]
    made = make_order(session, make_user(session), *products, stock_location_id=branch.id)
    statements.clear()

    order = client.get(f"{ORDERS}/{made.id}", headers=headers).json["data"]

    assert len(order["items"]) == count
    assert len(statements) == 2  # sign-in, order


def test_polling_one_order_with_its_etag_costs_no_body_until_a_line_changes(
    client: FlaskClient, session: Session, branch: StockLocation, headers: dict[str, str]
) -> None:
    made = order_at(session, branch)
    tag = client.get(f"{ORDERS}/{made.id}", headers=headers).headers["ETag"]

    unchanged = client.get(f"{ORDERS}/{made.id}", headers={**headers, "If-None-Match": tag})
    session.execute(update(OrderItem).where(OrderItem.order_id == made.id).values(missing_reason=literal("gone")))
    session.commit()
    changed = client.get(f"{ORDERS}/{made.id}", headers={**headers, "If-None-Match": tag})

    assert (unchanged.status_code, changed.status_code) == (304, 200)
