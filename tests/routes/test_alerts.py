"""Alerts: what needs attention now, for staff, managers and everybody else."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.enums import (
    AssistanceStatus,
    FulfillmentType,
    LocationKind,
    OperationKind,
    OperationState,
    OrderStatus,
    PickAction,
    Role,
    StockRequestStatus,
    StockRequestType,
)
from app.models import (
    AssistanceRequest,
    Inventory,
    Notification,
    Order,
    OrderItem,
    Payment,
    PaymentOperation,
    PickEvent,
    Product,
    StockLocation,
    StockRequest,
    User,
)
from tests.conftest import Statements
from tests.factories import make_employee, make_event, make_location, make_order, make_product, make_user, sign_in

ALERTS = "/api/v1/ops/alerts"
Alert = dict[str, Any]


@pytest.fixture
def branch(session: Session) -> StockLocation:
    return make_location(session, name="Carmel")


@pytest.fixture
def worker(session: Session, branch: StockLocation) -> User:
    return make_employee(session, branch, full_name="Noa Bar")


@pytest.fixture
def staff(session: Session, worker: User) -> dict[str, str]:
    return sign_in(session, worker)


def now() -> datetime:
    return datetime.now(UTC)


def shown(client: FlaskClient, headers: dict[str, str], kind: str | None = None) -> list[Alert]:
    answer = client.get(ALERTS, headers=headers)
    assert answer.status_code == 200
    return [alert for alert in answer.json["data"] if kind in (None, alert["type"])]


def make_shelf(session: Session, branch: StockLocation, product: Product, **columns: Any) -> Inventory:
    row = Inventory(stock_location_id=branch.id, product_id=product.id, **columns)
    session.add(row)
    session.commit()
    return row


def make_due(session: Session, branch: StockLocation, minutes_ago: int, **columns: Any) -> Order:
    """An order whose slot of two hours began so many minutes ago."""
    start = now() - timedelta(minutes=minutes_ago)
    slot = {"slot_start": start, "slot_end": start + timedelta(hours=2)}
    return make_order(session, make_user(session), stock_location_id=branch.id, **{**slot, **columns})


def make_mark(session: Session, order: Order, picker: User, minutes_ago: int) -> None:
    line = session.execute(select(OrderItem.id).where(OrderItem.order_id == order.id)).scalar_one()
    session.add(
        PickEvent(
            order_id=order.id,
            order_item_id=line,
            stock_location_id=order.stock_location_id,
            action=PickAction.PICK,
            quantity=1,
            actor_user_id=picker.id,
            created_at=now() - timedelta(minutes=minutes_ago),
        )
    )
    session.commit()


def make_stuck(session: Session, order: Order, **columns: Any) -> PaymentOperation:
    payment = session.execute(select(Payment).where(Payment.order_id == order.id)).scalar_one()
    values = {"state": OperationState.MANUAL, "failure_code": "gave_up", "idempotency_key": uuid.uuid4(), **columns}
    made = PaymentOperation(
        payment_id=payment.id, kind=OperationKind.REFUND, amount=Decimal("10.00"), next_at=func.now(), **values
    )
    session.add(made)
    session.commit()
    return made


class TestShelves:
    def test_low_stock_is_one_alert_for_each_branch_with_the_worst_five(
        self, client: FlaskClient, session: Session, staff: dict[str, str], branch: StockLocation
    ) -> None:
        for left in (3, 0, 5, 1, 4, 2):
            make_shelf(
                session, branch, make_product(session, name=f"P{left}"), available_quantity=left, reorder_point=5
            )
        make_shelf(session, branch, make_product(session), available_quantity=6, reorder_point=5)

        [alert] = shown(client, staff)

        assert alert == {
            "id": f"low-stock-{branch.id}",
            "type": "low_stock",
            "severity": "warning",
            "time": "just now",
            "text": "6 products at or below their reorder point in Carmel: P0 (0), P1 (1), P2 (2), P3 (3), P4 (4)",
            "createdAt": alert["createdAt"],
        }
        assert now() - datetime.fromisoformat(alert["createdAt"]) < timedelta(minutes=1)

    def test_goods_and_branches_that_are_switched_off_are_never_low(
        self, client: FlaskClient, session: Session, as_manager: dict[str, str], branch: StockLocation
    ) -> None:
        low = {"available_quantity": 0, "reorder_point": 5}
        make_shelf(session, branch, make_product(session, is_active=False), **low)
        make_shelf(session, make_location(session, is_active=False), make_product(session), **low)
        make_shelf(session, make_location(session, kind=LocationKind.SHOP), make_product(session), **low)

        assert shown(client, as_manager) == []

    def test_shelves_to_be_recounted_are_counted(
        self, client: FlaskClient, session: Session, staff: dict[str, str], branch: StockLocation
    ) -> None:
        for _ in range(2):
            make_shelf(session, branch, make_product(session), available_quantity=9, needs_recount=True)

        [alert] = shown(client, staff)

        assert (alert["id"], alert["type"], alert["severity"]) == (f"recount-{branch.id}", "recount", "info")
        assert alert["text"] == "2 products to be recounted in Carmel"


class TestOrders:
    @pytest.mark.parametrize(
        ("minutes", "columns", "is_late"),
        [
            (5, {}, True),
            (-5, {}, False),
            (5, {"status": OrderStatus.IN_PROGRESS}, True),
            (5, {"status": OrderStatus.MISSING}, True),
            (5, {"status": OrderStatus.READY}, False),
            (125, {"status": OrderStatus.READY}, True),
            (115, {"status": OrderStatus.OUT_FOR_DELIVERY}, False),
            (125, {"status": OrderStatus.OUT_FOR_DELIVERY}, True),
            (115, {"status": OrderStatus.DELAYED}, False),
            (125, {"status": OrderStatus.DELAYED}, True),
            (115, {"fulfillment_type": FulfillmentType.PICKUP}, False),
            (125, {"fulfillment_type": FulfillmentType.PICKUP}, True),
            (125, {"fulfillment_type": FulfillmentType.PICKUP, "status": OrderStatus.READY}, False),
            (125, {"status": OrderStatus.DELIVERED}, False),
            (125, {"status": OrderStatus.CANCELED}, False),
        ],
    )
    def test_an_order_is_late_once_its_due_time_has_passed(
        self,
        client: FlaskClient,
        session: Session,
        staff: dict[str, str],
        branch: StockLocation,
        minutes: int,
        columns: dict[str, Any],
        is_late: bool,
    ) -> None:
        order = make_due(session, branch, minutes, **columns)

        assert [alert["id"] for alert in shown(client, staff)] == [f"late-order-{order.id}"] * is_late

    def test_a_late_order_tells_where_it_stands_and_grows_critical(
        self, client: FlaskClient, session: Session, staff: dict[str, str], branch: StockLocation
    ) -> None:
        late = make_due(session, branch, 30)
        very_late = make_due(session, branch, 61, status=OrderStatus.IN_PROGRESS)

        first, second = shown(client, staff)

        assert (first["id"], first["severity"], first["time"]) == (
            *(f"late-order-{very_late.id}", "critical"),
            "61 min ago",
        )
        assert (second["id"], second["severity"], second["time"]) == (f"late-order-{late.id}", "warning", "30 min ago")
        assert second["text"].startswith(f"Order {late.order_number} in Carmel is late: it was due ")
        assert second["text"].endswith(" and is CREATED")
        assert datetime.fromisoformat(second["createdAt"]) == late.slot_start

    @pytest.mark.parametrize(
        ("claimed", "marked", "stalls"), [(40, None, True), (20, None, False), (90, 20, False), (90, 40, True)]
    )
    def test_a_claimed_order_stalls_when_nothing_is_marked_for_half_an_hour(
        self,
        client: FlaskClient,
        session: Session,
        staff: dict[str, str],
        worker: User,
        branch: StockLocation,
        claimed: int,
        marked: int | None,
        stalls: bool,
    ) -> None:
        at = now() - timedelta(minutes=claimed)
        columns = {"picker_id": worker.id, "claimed_at": at, "status": OrderStatus.IN_PROGRESS}
        order = make_order(session, make_user(session), stock_location_id=branch.id, **columns)
        if marked is not None:
            make_mark(session, order, worker, marked)

        alerts = shown(client, staff, "stalled_picking")

        words = f"Order {order.order_number} in Carmel: Noa Bar has marked nothing for 40 min"
        assert [(alert["id"], alert["text"]) for alert in alerts] == [(f"stalled-picking-{order.id}", words)] * stalls

    def test_a_packed_order_does_not_stall(
        self, client: FlaskClient, session: Session, staff: dict[str, str], worker: User, branch: StockLocation
    ) -> None:
        columns = {"picker_id": worker.id, "claimed_at": now() - timedelta(hours=2), "status": OrderStatus.READY}
        make_order(session, make_user(session), stock_location_id=branch.id, **columns)

        assert shown(client, staff) == []


class TestRequests:
    @pytest.mark.parametrize(("minutes", "severity"), [(5, "warning"), (16, "critical")])
    def test_somebody_who_asks_for_help_is_shown_until_helped(
        self,
        client: FlaskClient,
        session: Session,
        staff: dict[str, str],
        branch: StockLocation,
        minutes: int,
        severity: str,
    ) -> None:
        at = now() - timedelta(minutes=minutes)
        user = make_user(session, full_name="Dana Levi")
        asked = AssistanceRequest(user_id=user.id, stock_location_id=branch.id, message="Broken.", created_at=at)
        session.add(asked)
        session.commit()

        [alert] = shown(client, staff)
        asked.status, asked.resolved_at = AssistanceStatus.RESOLVED, now()
        session.commit()

        assert (alert["id"], alert["severity"]) == (f"assistance-{asked.id}", severity)
        assert alert["text"] == "Dana Levi asks for help in Carmel: Broken."
        assert shown(client, staff) == []

    def test_stock_requests_are_told_after_a_day(
        self, client: FlaskClient, session: Session, staff: dict[str, str], worker: User, branch: StockLocation
    ) -> None:
        product = make_product(session)
        for hours, status in ((25, "PENDING"), (23, "PENDING"), (30, "REJECTED")):
            reviewed = {"reviewed_at": now(), "rejection_reason": "no room"} if status == "REJECTED" else {}
            session.add(
                StockRequest(
                    stock_location_id=branch.id,
                    product_id=product.id,
                    request_type=StockRequestType.ADD_QUANTITY,
                    quantity=1,
                    requested_quantity=1,
                    actor_user_id=worker.id,
                    status=StockRequestStatus(status),
                    created_at=now() - timedelta(hours=hours),
                    **reviewed,
                )
            )
        session.commit()

        [alert] = shown(client, staff)

        assert (alert["id"], alert["severity"], alert["time"]) == (f"stock-request-{branch.id}", "info", "25 h ago")
        assert alert["text"] == "1 stock request waits in Carmel for more than a day"


class TestManagers:
    def test_payments_that_need_a_person_are_for_managers_only(
        self, client: FlaskClient, session: Session, staff: dict[str, str], as_manager: dict[str, str], branch: Any
    ) -> None:
        order = make_order(session, make_user(session), stock_location_id=branch.id)
        stuck = make_stuck(session, order)
        make_stuck(session, order, seq=2, state=OperationState.FAILED)

        [alert] = shown(client, as_manager)

        assert (alert["id"], alert["type"], alert["severity"]) == (f"payment-{stuck.id}", "payment", "critical")
        assert alert["text"] == f"The refund of ILS 10.00 for order {order.order_number} needs a person (gave_up)"
        assert shown(client, staff) == []

    def test_messages_that_were_given_up_are_for_managers_only(
        self, client: FlaskClient, session: Session, staff: dict[str, str], as_manager: dict[str, str]
    ) -> None:
        for failed in (True, True, False):
            make_event(session, "test.nothing").failed = failed
        session.commit()

        [alert] = shown(client, as_manager)

        assert (alert["id"], alert["type"], alert["severity"]) == ("messages", "message", "critical")
        assert alert["text"] == "2 messages could not be sent"
        assert shown(client, staff) == []


def test_employees_see_their_own_branches_and_managers_all(
    client: FlaskClient, session: Session, staff: dict[str, str], as_manager: dict[str, str], branch: StockLocation
) -> None:
    elsewhere = make_location(session)
    for place in (branch, elsewhere):
        make_shelf(session, place, make_product(session), available_quantity=1, reorder_point=5, needs_recount=True)
        make_due(session, place, 30)
        asked = AssistanceRequest(user_id=make_user(session).id, stock_location_id=place.id, message="Help.")
        session.add(asked)
        session.commit()

    mine, all_of_them = shown(client, staff), shown(client, as_manager)

    assert (len(mine), len(all_of_them)) == (4, 8)
    assert all("Carmel" in alert["text"] for alert in mine)


def test_the_most_severe_stand_first_and_there_are_at_most_a_hundred(
    client: FlaskClient, session: Session, as_manager: dict[str, str], branch: StockLocation
) -> None:
    product = make_product(session)
    for _ in range(101):
        make_shelf(session, make_location(session), product, available_quantity=0, reorder_point=1)
    make_event(session, "test.nothing").failed = True
    session.commit()

    alerts = shown(client, as_manager)

    assert len(alerts) == 100
    assert [alert["severity"] for alert in alerts] == ["critical"] + ["warning"] * 99


def test_one_statement_reads_them_all(
    client: FlaskClient, session: Session, as_manager: dict[str, str], branch: StockLocation, statements: Statements
) -> None:
    for _ in range(5):
        make_due(session, branch, 30)
        make_shelf(session, make_location(session), make_product(session), available_quantity=0, reorder_point=1)
    statements.clear()

    shown(client, as_manager)

    assert len(statements) <= 2


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.VENDOR])
def test_everybody_else_sees_their_own_unread_notifications(
    client: FlaskClient, session: Session, branch: StockLocation, role: Role
) -> None:
    user = make_user(session, role=role)
    make_due(session, branch, 90)
    words = {"title": "Order ORD-1 delayed", "body": "Your order ORD-1 will be later."}
    hour = now() - timedelta(minutes=60)
    unread = Notification(user_id=user.id, kind="order.delayed", created_at=hour, **words)
    welcome = Notification(user_id=user.id, kind="order.ready", created_at=now(), **words)
    read = Notification(user_id=user.id, kind="order.ready", read_at=now(), **words)
    session.add_all([unread, read, Notification(user_id=make_user(session).id, kind="order.ready", **words)])
    session.flush()
    session.add(welcome)
    session.commit()

    first, second = shown(client, sign_in(session, user))

    assert (first["id"], first["severity"]) == (f"notification-{welcome.id}", "info")
    assert second == {
        "id": f"notification-{unread.id}",
        "type": "order.delayed",
        "severity": "warning",
        "text": "Your order ORD-1 will be later.",
        "time": "60 min ago",
        "createdAt": second["createdAt"],
    }


def test_a_customer_with_nothing_to_know_gets_an_empty_list(client: FlaskClient, session: Session) -> None:
    assert shown(client, sign_in(session, make_user(session))) == []
