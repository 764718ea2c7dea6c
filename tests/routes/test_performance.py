"""Figures of the picking, the map of branches, and looking again at a payment."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import LocationKind, OperationKind, OperationState, OrderStatus, PickAction, PickedStatus, Role
from app.models import Order, OrderItem, Payment, PaymentOperation, PickEvent, StockLocation, User
from tests.conftest import Statements
from tests.factories import make_employee, make_location, make_order, make_product, make_user, make_warehouse, sign_in

OPS = "/api/v1/ops"


@pytest.fixture
def branch(session: Session) -> StockLocation:
    return make_warehouse(session)


@pytest.fixture
def employee(session: Session, branch: StockLocation) -> User:
    return make_employee(session, branch)


def order_at(session: Session, branch: StockLocation, lines: int = 1, **columns: Any) -> Order:
    products = [make_product(session) for _ in range(lines)]
    return make_order(session, make_user(session), *products, stock_location_id=branch.id, **columns)


def marked(session: Session, order: Order, by: User, *, minutes_ago: float) -> None:
    item_id = session.scalars(select(OrderItem.id).where(OrderItem.order_id == order.id)).first()
    session.add(
        PickEvent(
            order_id=order.id,
            order_item_id=item_id,
            stock_location_id=order.stock_location_id,
            action=PickAction.PICK,
            quantity=1,
            actor_user_id=by.id,
            created_at=datetime.now(UTC) - timedelta(minutes=minutes_ago),
        )
    )
    session.commit()


def figures(client: FlaskClient, session: Session, user: User) -> dict[str, Any]:
    answer = client.get(f"{OPS}/performance", headers=sign_in(session, user))
    assert answer.status_code == 200
    return answer.json["data"]


def test_the_figures_of_a_branch(client: FlaskClient, session: Session, branch: StockLocation, employee: User) -> None:
    begun = order_at(session, branch, 3, status=OrderStatus.IN_PROGRESS)
    statuses = [(PickedStatus.PICKED, 1), (PickedStatus.REPLACED, None), (PickedStatus.MISSING, None)]
    lines = session.scalars(select(OrderItem).where(OrderItem.order_id == begun.id))
    for line, (status, pieces) in zip(lines, statuses, strict=True):
        line.picked_status, line.picked_quantity = status, pieces
    order_at(session, branch, status=OrderStatus.CREATED)
    order_at(session, branch, 2, status=OrderStatus.DELIVERED)
    order_at(session, branch, status=OrderStatus.CANCELED)
    order_at(session, branch, status=OrderStatus.PENDING_PAYMENT, pay_deadline=datetime.now(UTC))
    order_at(session, branch, status=OrderStatus.DELIVERED, created_at=datetime.now(UTC) - timedelta(days=31))
    order_at(session, make_location(session))

    found = figures(client, session, employee)

    assert found == {
        "batchEfficiency": 66.67,
        "livePickers": 0,
        "activeOrders": 2,
        "totalOrders": 4,
        "pickedItems": 4,
        "totalItems": 6,
        "pickerWindowMinutes": 5,
        "user_id": employee.id,
    }


def test_live_pickers_are_people_who_marked_a_line_in_the_last_five_minutes(
    client: FlaskClient, session: Session, branch: StockLocation, employee: User
) -> None:
    here, elsewhere = order_at(session, branch), order_at(session, make_location(session))
    second, third = make_user(session), make_user(session)
    for minutes in (0, 1):
        marked(session, here, employee, minutes_ago=minutes)
    marked(session, here, second, minutes_ago=4.5)
    marked(session, here, third, minutes_ago=5.5)
    marked(session, elsewhere, third, minutes_ago=1)

    assert figures(client, session, employee)["livePickers"] == 2
    assert figures(client, session, make_user(session, role=Role.MANAGER))["livePickers"] == 3


def test_a_branch_without_orders_has_zeros(client: FlaskClient, session: Session, employee: User) -> None:
    found = figures(client, session, employee)

    assert (found["batchEfficiency"], found["totalOrders"], found["totalItems"]) == (0, 0, 0)


def test_the_figures_take_one_statement(
    client: FlaskClient, session: Session, branch: StockLocation, employee: User, statements: Statements
) -> None:
    order_at(session, branch, 3)
    headers = sign_in(session, employee)
    statements.clear()

    client.get(f"{OPS}/performance", headers=headers)

    assert len(statements) == 2  # sign-in, figures


def test_the_map_counts_the_orders_in_work_of_each_active_branch(
    client: FlaskClient, session: Session, branch: StockLocation
) -> None:
    for status in (OrderStatus.CREATED, OrderStatus.READY, OrderStatus.DELIVERED, OrderStatus.CANCELED):
        order_at(session, branch, status=status)
    quiet = make_location(session, name="Quiet", address="2 Side Street")
    closed = make_location(session, is_active=False)
    shop = make_location(session, kind=LocationKind.SHOP)

    answer = client.get(f"{OPS}/map", headers=sign_in(session, make_user(session, role=Role.ADMIN)))

    found = {each["id"]: each for each in answer.json["data"]["branches"]}
    assert found[branch.id]["open_orders"] == 2
    assert found[quiet.id] == {
        "id": quiet.id,
        "name": "Quiet",
        "kind": "STORE",
        "address": "2 Side Street",
        "open_orders": 0,
    }
    assert not {closed.id, shop.id} & set(found)


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.EMPLOYEE, Role.MANAGER])
def test_map_and_sync_are_for_admins(client: FlaskClient, session: Session, role: Role) -> None:
    headers = sign_in(session, make_user(session, role=role))

    assert client.get(f"{OPS}/map", headers=headers).status_code == 403
    assert client.post(f"{OPS}/orders/1/sync", headers=headers).status_code == 403


def test_syncing_makes_unfinished_payment_operations_due_now(
    client: FlaskClient, session: Session, branch: StockLocation
) -> None:
    admin = sign_in(session, make_user(session, role=Role.ADMIN))
    later = datetime.now(UTC) + timedelta(hours=1)
    order, other = order_at(session, branch), order_at(session, branch)
    unfinished = operation(session, order, OperationState.UNKNOWN, later)
    finished = operation(session, order, OperationState.OK, later, kind=OperationKind.CAPTURE)
    foreign = operation(session, other, OperationState.UNKNOWN, later)

    answer = client.post(f"{OPS}/orders/{order.id}/sync", headers=admin)

    assert (answer.status_code, answer.json["data"]) == (200, {"synced": True})
    for row in (unfinished, finished, foreign):
        session.refresh(row)
    assert unfinished.next_at < datetime.now(UTC) + timedelta(minutes=1)
    assert finished.next_at == foreign.next_at == later


def test_syncing_an_unknown_order_is_not_found(client: FlaskClient, session: Session) -> None:
    headers = sign_in(session, make_user(session, role=Role.ADMIN))

    assert client.post(f"{OPS}/orders/999999999/sync", headers=headers).status_code == 404


def operation(
    session: Session,
    order: Order,
    state: OperationState,
    next_at: datetime,
    kind: OperationKind = OperationKind.AUTHORIZE,
) -> PaymentOperation:
    payment_id = session.scalars(select(Payment.id).where(Payment.order_id == order.id)).one()
    row = PaymentOperation(
        payment_id=payment_id,
        kind=kind,
        idempotency_key=uuid4(),
        amount=order.total_amount,
        state=state,
        next_at=next_at,
    )
    session.add(row)
    session.commit()
    return row
