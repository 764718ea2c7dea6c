"""Reports over HTTP: numbers worked out by hand, periods and branches, CSV, charts, roles."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.enums import OrderStatus, PickAction, PickedStatus, Role, SubstitutionStatus
from app.models import Inventory, Order, OrderItem, PickEvent, Product, SlotOccurrence, StockLocation, Substitution
from app.services.analytics.reports import REPORTS
from tests.conftest import Statements
from tests.factories import (
    make_location,
    make_order,
    make_product,
    make_slot,
    make_stock,
    make_user,
    make_warehouse,
    sign_in,
)

REVENUE = "/api/v1/admin/analytics/revenue"
REPORT = "/api/v1/admin/analytics/reports"
NOON = datetime(2026, 3, 10, 10, tzinfo=UTC)
MARCH = {"date_from": "2026-03-09", "date_to": "2026-03-11"}


@pytest.fixture
def admin(session: Session) -> dict[str, str]:
    return sign_in(session, make_user(session, role=Role.ADMIN))


def delivered(session: Session, *products: Product, at: datetime = NOON, **columns: Any) -> Order:
    """An order ready an hour before its delivery and placed the day before."""
    times = {"created_at": at - timedelta(days=1), "ready_at": at - timedelta(hours=1), "delivered_at": at}
    user = make_user(session)
    return make_order(session, user, *products, status=OrderStatus.DELIVERED, **{**times, **columns})


def lines_of(session: Session, order: Order) -> list[OrderItem]:
    return session.query(OrderItem).filter_by(order_id=order.id).order_by(OrderItem.id).all()


def picked(session: Session, order: Order, *quantities: int) -> None:
    """Mark the lines of an order: as many pieces picked as given; 0 is a missing line."""
    for line, quantity in zip(lines_of(session, order), quantities, strict=True):
        line.picked_status = PickedStatus.PICKED if quantity else PickedStatus.MISSING
        line.picked_quantity = quantity or None
        line.final_total, line.final_tax_amount = line.unit_price * quantity, Decimal(0)
    session.commit()


def mark(session: Session, order: Order, line: OrderItem, action: PickAction, at: datetime, picker_id: int) -> None:
    values = {"order_id": order.id, "order_item_id": line.id, "stock_location_id": order.stock_location_id}
    session.add(PickEvent(**values, action=action, quantity=1, actor_user_id=picker_id, created_at=at))
    session.commit()


def substitute(session: Session, order: Order, line: OrderItem, status: SubstitutionStatus, at: datetime) -> Product:
    other = make_product(session, price=Decimal("4.00"))
    copied = {name: getattr(other, name) for name in ("name", "sku", "tax_rate")}
    values = {"unit": "each", "sold_by": "PIECE", "unit_price": other.price, "quantity": 2, "line_total": Decimal(8)}
    session.add(
        Substitution(
            order_id=order.id,
            order_item_id=line.id,
            product_id=other.id,
            held_quantity=0,
            status=status,
            proposed_by=1,
            created_at=at,
            **copied,
            **values,
        )
    )
    session.commit()
    return other


def rows(client: FlaskClient, headers: dict[str, str], name: str, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(f"{REPORT}/{name}", query_string=query or MARCH, headers=headers)
    assert answer.status_code == 200, answer.json
    return answer.json["data"]["rows"]  # type: ignore[no-any-return]


def today() -> date:
    return datetime.now(settings().zone).date()


def test_revenue_counts_delivered_orders_and_every_day_of_the_range(
    client: FlaskClient, session: Session, admin: dict[str, str]
) -> None:
    product = make_product(session, price=Decimal("12.90"))
    delivered(session, product, at=datetime.now(UTC))
    delivered(session, product, at=datetime.now(UTC))
    make_order(session, make_user(session), product)
    make_order(session, make_user(session), product, status=OrderStatus.READY)

    body = client.get(REVENUE, headers=admin).json["data"]

    assert body["labels"] == [str(today() - timedelta(days=back)) for back in range(29, -1, -1)]
    assert body["values"] == [0] * 29 + [25.8]


@pytest.mark.parametrize(
    ("query", "count", "length"),
    [
        ("range=7d", 7, 10),
        ("range=90d", 90, 10),
        ("range=12m", 12, 7),
        ("range=2y", 24, 7),
        ("range=2y&granularity=year", 2, 4),
        ("range=10y&granularity=year", 10, 4),
        ("range=1m&granularity=month", 1, 7),
        ("range=100d", None, 7),
    ],
)
def test_every_range_is_honoured(
    client: FlaskClient, admin: dict[str, str], query: str, count: int | None, length: int
) -> None:
    body = client.get(f"{REVENUE}?{query}", headers=admin).json["data"]

    assert count in (None, len(body["labels"]))
    assert len(body["values"]) == len(body["labels"])
    assert {len(label) for label in body["labels"]} == {length}
    assert str(today()).startswith(body["labels"][-1])


@pytest.mark.parametrize(
    "query",
    ["range=30", "range=0d", "range=d", "range=11y", "range=121m", "range=30w", "granularity=week", "range=٣d", "x=1"],
)
def test_an_impossible_range_is_refused(client: FlaskClient, admin: dict[str, str], query: str) -> None:
    answer = client.get(f"{REVENUE}?{query}", headers=admin)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_revenue_is_for_admins_and_reports_for_managers(
    client: FlaskClient, session: Session, as_manager: dict[str, str], admin: dict[str, str]
) -> None:
    employee, customer = (sign_in(session, make_user(session, role=role)) for role in (Role.EMPLOYEE, Role.CUSTOMER))
    people = (admin, as_manager, employee, customer)

    assert [client.get(REVENUE, headers=headers).status_code for headers in people] == [200, 403, 403, 403]
    for ending in ("", ".csv", ".svg"):
        statuses = [client.get(f"{REPORT}/orders{ending}", headers=headers).status_code for headers in people]
        assert statuses == [200, 200, 403, 403]


def test_an_order_delivered_late_in_the_evening_in_utc_counts_for_the_next_day_of_the_shop(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    product = make_product(session, price=Decimal("7.00"))
    delivered(session, product, at=datetime(2026, 3, 10, 23, 30, tzinfo=UTC))

    found = rows(client, as_manager, "revenue")

    assert [(row["date"], row["revenue"], row["orders"]) for row in found] == [
        ("2026-03-09", 0, 0),
        ("2026-03-10", 0, 0),
        ("2026-03-11", 7.0, 1),
    ]


def test_the_last_moment_of_a_period_is_the_midnight_of_the_shop(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    product = make_product(session)
    for moment in ("2026-03-08T21:59:59", "2026-03-08T22:00:00", "2026-03-11T21:59:59", "2026-03-11T22:00:00"):
        delivered(session, product, at=datetime.fromisoformat(f"{moment}+00:00"))

    assert [row["orders"] for row in rows(client, as_manager, "revenue")] == [1, 0, 1]


def test_a_report_can_be_of_one_branch(client: FlaskClient, session: Session, as_manager: dict[str, str]) -> None:
    product, one, two = make_product(session), make_location(session), make_location(session)
    delivered(session, product, stock_location_id=one.id)
    delivered(session, product, stock_location_id=two.id)
    delivered(session, product, stock_location_id=two.id)

    def total(**query: Any) -> int:
        return sum(row["orders"] for row in rows(client, as_manager, "revenue", **MARCH, **query))

    assert (total(), total(branch_id=one.id), total(branchId=two.id), total(branch_id=two.id + 9)) == (3, 1, 2, 0)


@pytest.mark.parametrize("name", REPORTS)
def test_no_report_of_a_branch_shows_anything_of_another(
    client: FlaskClient, session: Session, as_manager: dict[str, str], name: str
) -> None:
    one, two = make_location(session), make_location(session)
    order = delivered(session, make_product(session), stock_location_id=one.id, slot_end=NOON)
    (line,) = lines_of(session, order)
    for minute in (0, 1):
        mark(session, order, line, PickAction.PICK, NOON + timedelta(minutes=minute), 1)
    substitute(session, order, line, SubstitutionStatus.ACCEPTED, NOON)
    make_slot(session, one, day_of_week=2, created_at=datetime(2026, 1, 1, tzinfo=UTC))
    make_stock(session, make_product(session), one, 0)

    here, there, nowhere = (
        rows(client, as_manager, name, **MARCH, branch_id=branch_id) for branch_id in (one.id, two.id, two.id + 1)
    )

    assert here != there
    assert there == nowhere


def test_orders_are_counted_on_the_days_they_are_placed_delivered_and_cancelled(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    user, product = make_user(session), make_product(session)
    delivered(session, product)  # placed on the 9th
    yesterday = NOON - timedelta(days=1)
    gone = {"created_at": yesterday, "canceled_at": NOON + timedelta(days=1), "status": OrderStatus.CANCELED}
    make_order(session, user, product, cancel_reason="user", **gone)
    make_order(session, user, product, cancel_reason="payment_declined", **gone)
    make_order(session, user, product, created_at=NOON, pay_deadline=NOON, status=OrderStatus.PENDING_PAYMENT)

    found = rows(client, as_manager, "orders")

    assert found == [
        {"date": "2026-03-09", "placed": 2, "delivered": 0, "canceled": 0},
        {"date": "2026-03-10", "placed": 0, "delivered": 1, "canceled": 0},
        {"date": "2026-03-11", "placed": 0, "delivered": 0, "canceled": 1},
    ]


def test_the_basket_is_what_was_ordered_on_average(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    user = make_user(session)
    one, two = make_product(session, price=Decimal("10.00")), make_product(session, price=Decimal("5.50"))
    make_order(session, user, one, two, quantity=3, created_at=NOON)  # 46.50, six pieces
    make_order(session, user, one, created_at=NOON)  # 10.00, one piece
    make_order(session, user, one, quantity=9, created_at=NOON, status=OrderStatus.CANCELED)

    found = rows(client, as_manager, "basket-size")

    assert found[1] == {"date": "2026-03-10", "orders": 2, "average_total": 28.25, "average_items": 3.5}
    assert found[0] == {"date": "2026-03-09", "orders": 0, "average_total": None, "average_items": None}


def test_the_fulfilment_rate_is_the_share_of_pieces_picked_and_of_orders_on_time(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    products = make_product(session), make_product(session)
    window = {"slot_start": NOON - timedelta(hours=2), "slot_end": NOON}
    on_the_dot = delivered(session, *products, quantity=2, **window)
    late = delivered(session, *products, quantity=2, at=NOON + timedelta(seconds=1), **window)
    without_window = delivered(session, products[0], quantity=2)
    picked(session, on_the_dot, 2, 1)
    picked(session, late, 2, 0)
    picked(session, without_window, 2)

    found = rows(client, as_manager, "fulfilment-rate")

    assert found[1] == {
        "date": "2026-03-10",
        "ordered_pieces": 10,
        "picked_pieces": 7,
        "fulfilment_rate": 70.0,
        "delivered_orders": 3,
        "on_time_orders": 1,
        "on_time_rate": 50.0,
    }
    assert (found[0]["fulfilment_rate"], found[0]["on_time_rate"]) == (None, None)


def test_substitutions_are_counted_by_their_outcome(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    user, products = make_user(session), [make_product(session) for _ in range(5)]
    order = make_order(session, user, *products, created_at=NOON)
    accepted, refused, undecided, taken_back, left_out = lines_of(session, order)
    outcomes = {
        accepted: SubstitutionStatus.ACCEPTED,
        refused: SubstitutionStatus.REFUSED,
        undecided: SubstitutionStatus.PROPOSED,
        taken_back: SubstitutionStatus.WITHDRAWN,
    }
    for line, status in outcomes.items():
        substitute(session, order, line, status, NOON)
        mark(session, order, line, PickAction.REPLACE, NOON, user.id)
        line.picked_status = PickedStatus.REPLACED
    for at in (NOON - timedelta(days=1), NOON):
        mark(session, order, left_out, PickAction.MISS, at, user.id)
    refused.picked_status = left_out.picked_status = PickedStatus.MISSING
    session.commit()

    before_packing = rows(client, as_manager, "substitutions")
    silence = delivered(session, products[0])
    substitute(session, silence, lines_of(session, silence)[0], SubstitutionStatus.PROPOSED, NOON)
    after_packing = rows(client, as_manager, "substitutions")

    assert before_packing[1] == {"date": "2026-03-10", "proposed": 3, "accepted": 1, "refused": 1, "missing": 2}
    assert before_packing[0]["missing"] == 0
    assert after_packing[1] == {"date": "2026-03-10", "proposed": 4, "accepted": 2, "refused": 1, "missing": 2}


def test_a_picker_is_as_fast_as_the_time_between_marks_without_the_pauses(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    slow, fast = make_user(session, full_name="Slow"), make_user(session, full_name="Fast")
    order = make_order(session, slow, make_product(session))
    (line,) = lines_of(session, order)
    for minute in (0, 2, 4, 30, 32):  # three steps of two minutes; the pause of 26 does not count
        mark(session, order, line, PickAction.PICK, NOON + timedelta(minutes=minute), slow.id)
    for minute in (0, 1):
        mark(session, order, line, PickAction.PICK, NOON + timedelta(minutes=minute), fast.id)
    mark(session, order, line, PickAction.UNDO, NOON + timedelta(seconds=90), fast.id)

    found = rows(client, as_manager, "picker-speed")

    assert found == [
        {"picker": "Fast", "lines": 2, "hours": 0.02, "lines_per_hour": 60.0},
        {"picker": "Slow", "lines": 5, "hours": 0.1, "lines_per_hour": 30.0},
    ]


def test_a_picker_with_one_mark_has_no_speed(client: FlaskClient, session: Session, as_manager: dict[str, str]) -> None:
    order = make_order(session, make_user(session), make_product(session))
    mark(session, order, lines_of(session, order)[0], PickAction.PICK, NOON, 987_654)

    assert rows(client, as_manager, "picker-speed") == [
        {"picker": "User 987654", "lines": 1, "hours": 0.0, "lines_per_hour": None}
    ]


def test_top_products_are_what_went_into_the_bags_by_money_or_by_pieces(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    dear, cheap = make_product(session, price=Decimal("90.00")), make_product(session, price=Decimal("3.00"))
    order = delivered(session, dear, cheap, quantity=5)
    picked(session, order, 1, 5)
    replaced = delivered(session, dear)
    line = lines_of(session, replaced)[0]
    line.picked_status, line.picked_quantity = PickedStatus.REPLACED, None
    other = substitute(session, replaced, line, SubstitutionStatus.ACCEPTED, NOON)

    by_money = rows(client, as_manager, "top-products")
    by_pieces = rows(client, as_manager, "top-products", **MARCH, by="pieces", limit=2)

    assert [(row["product_id"], row["pieces"], row["revenue"]) for row in by_money] == [
        (dear.id, 1, 90.0),
        (cheap.id, 5, 15.0),
        (other.id, 2, 8.0),
    ]
    assert [row["product_id"] for row in by_pieces] == [cheap.id, other.id]


def test_slot_use_shows_booked_windows_and_those_nobody_booked(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    branch, opened = make_warehouse(session, name="Centre"), datetime(2026, 1, 1, tzinfo=UTC)
    slot = make_slot(session, branch, day_of_week=2, created_at=opened)  # the 10th of March 2026 is a Tuesday
    make_slot(session, branch, day_of_week=2, start_time=time(10), end_time=time(12), created_at=opened, capacity=4)
    make_slot(session, branch, day_of_week=2, start_time=time(12), end_time=time(14))  # not yet open in March
    session.add(SlotOccurrence(slot_id=slot.id, delivery_date=date(2026, 3, 10), capacity=8, booked=2))
    session.commit()

    found = rows(client, as_manager, "slot-use")

    assert found == [
        {"date": "2026-03-10", "window": "08:00-10:00", "branch": "Centre", "capacity": 8, "booked": 2, "use": 25.0},
        {"date": "2026-03-10", "window": "10:00-12:00", "branch": "Centre", "capacity": 4, "booked": 0, "use": 0.0},
    ]


def test_low_stock_is_at_or_below_the_reorder_point_scarcest_first(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    branch, other = make_location(session, name="Here"), make_location(session, name="There")

    def stocked(available: int, at: StockLocation = branch, **columns: Any) -> Product:
        product = make_product(session, **columns)
        row = make_stock(session, product, at, available)
        session.execute(update(Inventory).where(Inventory.id == row.id).values(reorder_point=5, reserved_quantity=1))
        session.commit()
        return product

    at_the_point, below = stocked(5), stocked(1)
    stocked(6)
    stocked(0, is_active=False)
    elsewhere = stocked(3, other)

    found = rows(client, as_manager, "low-stock")
    here = rows(client, as_manager, "low-stock", branch_id=branch.id, limit=1)

    assert [row["product_id"] for row in found] == [below.id, elsewhere.id, at_the_point.id]
    assert [row["product_id"] for row in here] == [below.id]
    assert {name: here[0][name] for name in ("branch", "available", "reserved", "reorder_point")} == {
        "branch": "Here",
        "available": 1,
        "reserved": 1,
        "reorder_point": 5,
    }


def test_a_report_says_what_it_is_about(client: FlaskClient, as_manager: dict[str, str]) -> None:
    revenue = client.get(f"{REPORT}/revenue?range=2m&date_to=2026-03-11", headers=as_manager).json["data"]
    low_stock = client.get(f"{REPORT}/low-stock", headers=as_manager).json["data"]

    assert revenue["period"] == {"from": "2026-02-01", "to": "2026-03-11"}
    assert (revenue["name"], revenue["granularity"], revenue["currency"]) == ("revenue", "month", "ILS")
    assert revenue["columns"][1] == {"key": "revenue", "label": "Revenue", "unit": "money"}
    assert [row["date"] for row in revenue["rows"]] == ["2026-02", "2026-03"]
    assert (low_stock["period"], low_stock["granularity"], low_stock["rows"]) == (None, None, [])


@pytest.mark.parametrize(
    "query",
    [
        "date_from=2026-03-01&range=30d",
        "date_from=2026-03-02&date_to=2026-03-01",
        "date_from=2024-03-01&date_to=2026-03-02",
        "date_from=2001-01-01",
        "date_from=0001-01-01",
        "date_from=yesterday",
        "date_to=1700000000",
        "limit=0",
        "limit=1001",
        "by=name",
        "branch_id=0",
        "width=500",
    ],
)
def test_an_impossible_question_is_refused(client: FlaskClient, as_manager: dict[str, str], query: str) -> None:
    answer = client.get(f"{REPORT}/revenue?{query}", headers=as_manager)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json["error"]["details"]["errors"]


def test_two_years_may_be_named_by_their_dates(client: FlaskClient, as_manager: dict[str, str]) -> None:
    found = rows(client, as_manager, "revenue", date_from="2024-03-02", date_to="2026-03-01")

    assert (len(found), found[0]["date"], found[-1]["date"]) == (25, "2024-03", "2026-03")


@pytest.mark.parametrize("ending", ["", ".csv", ".svg"])
def test_an_unknown_report_is_not_found(client: FlaskClient, as_manager: dict[str, str], ending: str) -> None:
    answer = client.get(f"{REPORT}/weather{ending}", headers=as_manager)

    assert (answer.status_code, answer.json["error"]["code"]) == (404, "NOT_FOUND")
    assert "picker-speed" in answer.json["error"]["message"]


def test_csv_has_the_rows_of_the_table_and_no_formulas(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    product = make_product(session, name='=HYPERLINK("x"), olives', sku="OLIVES", price=Decimal("12.90"))
    picked(session, delivered(session, product), 1)

    answer = client.get(f"{REPORT}/top-products.csv", query_string=MARCH, headers=as_manager)

    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="top-products-2026-03-09-2026-03-11.csv"'
    assert answer.text.splitlines() == [
        "product_id,name,sku,pieces,revenue",
        f'{product.id},"\'=HYPERLINK(""x""), olives",OLIVES,1,12.90',
    ]


def texts_of(svg: str) -> list[str]:
    """What is written in a chart; fails when it is no XML."""
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_a_chart_is_drawn_from_the_rows_of_the_table(
    client: FlaskClient, session: Session, as_manager: dict[str, str]
) -> None:
    product = make_product(session, name="<script>alert('&')</script>", price=Decimal("12.90"))
    picked(session, delivered(session, product), 1)

    answer = client.get(f"{REPORT}/top-products.svg", query_string={**MARCH, "width": 1600}, headers=as_manager)

    assert answer.content_type.startswith("image/svg+xml")
    assert "<script>" not in answer.text
    assert {"<script>alert('&')</script>", "12.9", "Top products (ILS)"} <= set(texts_of(answer.text))
    assert ElementTree.fromstring(answer.data).get("width") == "1600"


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_drawn_and_written_with_no_data_at_all(
    client: FlaskClient, as_manager: dict[str, str], name: str
) -> None:
    chart = client.get(f"{REPORT}/{name}.svg?width=300", headers=as_manager)
    table = client.get(f"{REPORT}/{name}.csv", headers=as_manager)

    assert "No data" in texts_of(chart.text)
    assert table.text.splitlines()[0].split(",") == [column.key for column in REPORTS[name].columns]


@pytest.mark.parametrize("width", [299, 1601])
def test_a_chart_has_a_sensible_width(client: FlaskClient, as_manager: dict[str, str], width: int) -> None:
    assert client.get(f"{REPORT}/orders.svg?width={width}", headers=as_manager).status_code == 400


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_takes_one_statement(
    client: FlaskClient, session: Session, as_manager: dict[str, str], statements: Statements, name: str
) -> None:
    signing_in = 1
    for _ in range(3):
        delivered(session, make_product(session))
    statements.clear()

    client.get(f"{REPORT}/{name}?range=1y", headers=as_manager)

    assert len(statements) == signing_in + 1
