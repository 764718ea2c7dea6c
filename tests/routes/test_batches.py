"""Picking several orders in one walk, over HTTP."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.enums import BatchStatus, OrderStatus, PickedStatus, Role
from app.models import AuditEvent, Order, OrderItem, PickBatch, StockLocation, User
from tests.conftest import Statements
from tests.factories import (
    make_batch,
    make_employee,
    make_location,
    make_order,
    make_product,
    make_user,
    make_warehouse,
    sign_in,
)

BATCHES = "/api/v1/ops/batches"


@pytest.fixture
def branch(session: Session) -> StockLocation:
    return make_warehouse(session, name="North")


@pytest.fixture
def employee(session: Session, branch: StockLocation) -> User:
    return make_employee(session, branch, full_name="Pini Picker")


@pytest.fixture
def headers(session: Session, employee: User) -> dict[str, str]:
    return sign_in(session, employee)


def order_at(session: Session, branch: StockLocation, *products: Any, **columns: Any) -> Order:
    return make_order(session, make_user(session), *products, stock_location_id=branch.id, **columns)


def mark(session: Session, order: Order, status: PickedStatus = PickedStatus.MISSING) -> None:
    pieces = 1 if status is PickedStatus.PICKED else None
    values = {"picked_status": status, "picked_quantity": pieces}
    session.execute(update(OrderItem).where(OrderItem.order_id == order.id).values(values))
    session.commit()


def ids(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.json
    return [batch["id"] for batch in answer.json["data"]]


def test_a_batch_claims_its_orders_and_sends_back_what_came_along(
    client: FlaskClient, session: Session, branch: StockLocation, employee: User, headers: dict[str, str]
) -> None:
    new = order_at(session, branch)
    begun = order_at(session, branch, status=OrderStatus.IN_PROGRESS)
    body = {"order_ids": [begun.id, new.id], "cart_label": "blue", "route": {"zones": [1, None, "B"]}}

    answer = client.post(BATCHES, json=body, headers=headers)

    assert answer.status_code == 201
    batch = answer.json["data"]
    assert batch["payload"] == body
    assert (batch["created_by"], batch["status"], batch["branch_id"]) == (employee.id, "OPEN", branch.id)
    assert batch["picker"] == {"id": employee.id, "full_name": "Pini Picker"}
    assert [order["order_id"] for order in batch["orders"]] == [new.id, begun.id]
    assert (batch["orders_count"], batch["items_pending"]) == (2, 2)
    for order in (new, begun):
        session.refresh(order)
        assert (order.picker_id, order.batch_id, order.status) == (employee.id, batch["id"], OrderStatus.IN_PROGRESS)
        assert order.claimed_at is not None


def test_every_claim_and_new_state_is_in_the_audit_trail(
    client: FlaskClient, session: Session, branch: StockLocation, employee: User, headers: dict[str, str]
) -> None:
    new = order_at(session, branch)
    mine = order_at(session, branch, status=OrderStatus.IN_PROGRESS, picker_id=employee.id)

    batch = client.post(BATCHES, json={"order_ids": [new.id, mine.id]}, headers=headers).json["data"]

    trail = session.scalars(
        select(AuditEvent).where(AuditEvent.context["batch_id"].as_integer() == batch["id"]).order_by(AuditEvent.id)
    ).all()
    assert [(row.entity_type, row.entity_id, row.action) for row in trail] == [
        ("pick_batch", batch["id"], "CREATE"),
        ("order", new.id, "CLAIM"),
        ("order", new.id, "UPDATE_STATUS"),
    ]
    assert {row.actor_user_id for row in trail} == {employee.id}
    assert (trail[2].old_value, trail[2].new_value) == ({"status": "CREATED"}, {"status": "IN_PROGRESS"})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"order_ids": []},
        {"order_ids": None},
        {"order_ids": [1, 1]},
        {"order_ids": [0]},
        {"order_ids": list(range(1, 22))},
        {"order_ids": [1], "note": "x" * 20_000},
        [1, 2],
    ],
)
def test_a_body_that_names_no_orders_or_too_much_is_refused(
    client: FlaskClient, headers: dict[str, str], body: Any
) -> None:
    answer = client.post(BATCHES, json=body, headers=headers)

    assert answer.status_code == 400


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_numbers_that_are_not_json_are_refused(client: FlaskClient, headers: dict[str, str], number: str) -> None:
    raw = f'{{"order_ids": [1], "x": {number}}}'

    answer = client.post(BATCHES, data=raw, content_type="application/json", headers=headers)

    assert answer.status_code == 400


def refused(client: FlaskClient, session: Session, headers: dict[str, str], *orders: Order) -> Any:
    """The error of a batch of these orders, after a look that none of them was touched."""
    before = [(order.id, order.status, order.picker_id, order.batch_id) for order in orders]
    answer = client.post(BATCHES, json={"order_ids": [order.id for order in orders]}, headers=headers)
    for order in orders:
        session.refresh(order)
    assert [(order.id, order.status, order.picker_id, order.batch_id) for order in orders] == before
    return answer.json["error"]


def test_an_order_of_another_branch_is_not_found_and_nothing_is_claimed(
    client: FlaskClient, session: Session, branch: StockLocation, headers: dict[str, str]
) -> None:
    mine, foreign = order_at(session, branch), order_at(session, make_location(session))

    error = refused(client, session, headers, mine, foreign)

    assert (error["status_code"], error["details"]) == (404, {"order_ids": [foreign.id]})


def test_orders_of_two_branches_are_not_one_walk(client: FlaskClient, session: Session, branch: StockLocation) -> None:
    other = make_location(session)
    headers = sign_in(session, make_employee(session, branch, other))

    error = refused(client, session, headers, order_at(session, branch), order_at(session, other))

    assert (error["status_code"], error["code"]) == (409, "BATCH_OF_SEVERAL_BRANCHES")
    assert error["details"] == {"branch_ids": [branch.id, other.id]}


@pytest.mark.parametrize(
    "status", [OrderStatus.MISSING, OrderStatus.READY, OrderStatus.DELIVERED, OrderStatus.CANCELED, OrderStatus.DELAYED]
)
def test_only_orders_that_can_be_picked_are_taken(
    client: FlaskClient, session: Session, branch: StockLocation, headers: dict[str, str], status: OrderStatus
) -> None:
    fine, other = order_at(session, branch), order_at(session, branch, status=status)

    error = refused(client, session, headers, fine, other)

    assert (error["status_code"], error["code"]) == (409, "INVALID_STATUS")
    assert error["details"] == {"orders": [{"order_id": other.id, "status": status}]}


def test_orders_that_somebody_else_picks_are_named_with_their_picker(
    client: FlaskClient, session: Session, branch: StockLocation, headers: dict[str, str]
) -> None:
    rival = make_employee(session, branch, full_name="Ruth Rival")
    free = order_at(session, branch)
    taken = order_at(session, branch, status=OrderStatus.IN_PROGRESS, picker_id=rival.id)

    error = refused(client, session, headers, free, taken)

    assert (error["status_code"], error["code"]) == (409, "ORDER_CLAIMED")
    [named] = error["details"]["orders"]
    assert (named["order_id"], named["picker_name"]) == (taken.id, "Ruth Rival")


def test_an_order_of_an_own_open_batch_stays_there_until_that_is_done(
    client: FlaskClient, session: Session, branch: StockLocation, employee: User, headers: dict[str, str]
) -> None:
    batched, free = order_at(session, branch), order_at(session, branch)
    batch = make_batch(session, employee, batched)

    error = refused(client, session, headers, batched, free)
    batch.status = BatchStatus.DONE
    session.commit()
    again = client.post(BATCHES, json={"order_ids": [batched.id, free.id]}, headers=headers)

    assert (error["status_code"], error["code"]) == (409, "ORDER_IN_BATCH")
    assert error["details"] == {"order_ids": [batched.id]}
    assert again.status_code == 201


@pytest.mark.parametrize("count", [2, 9])
def test_making_a_batch_takes_the_same_statements_for_any_number_of_orders(
    client: FlaskClient,
    session: Session,
    branch: StockLocation,
    headers: dict[str, str],
    statements: Statements,
    count: int,
) -> None:
    orders = [order_at(session, branch, make_product(session), make_product(session)) for _ in range(count)]
    statements.clear()

    answer = client.post(BATCHES, json={"order_ids": [order.id for order in orders]}, headers=headers)

    assert answer.status_code == 201
    assert len(statements) == 7  # sign-in, limits, lock, batch, audit, orders, answer


def test_the_walk_merges_lines_by_product_in_the_order_of_the_bins(
    client: FlaskClient, session: Session, branch: StockLocation, employee: User, headers: dict[str, str]
) -> None:
    milk = make_product(session, name="Milk", bin_location="B-10")
    bread = make_product(session, name="Bread", bin_location="B-2")
    loose = make_product(session, name="Flowers", bin_location=None)
    first = order_at(session, branch, milk, loose, quantity=2)
    second = order_at(session, branch, bread, milk, quantity=3)
    done = order_at(session, branch, milk, quantity=1)
    batch = make_batch(session, employee, first, second, done)
    mark(session, done, PickedStatus.PICKED)

    shown = client.get(f"{BATCHES}/{batch.id}", headers=headers).json["data"]

    assert [(stop["name"], stop["bin_location"], stop["quantity"]) for stop in shown["walk"]] == [
        ("Bread", "B-2", 3),
        ("Milk", "B-10", 5),
        ("Flowers", None, 2),
    ]
    shares = shown["walk"][1]["orders"]
    assert [(share["order_id"], share["quantity"], share["picked_status"]) for share in shares] == [
        (first.id, 2, "PENDING"),
        (second.id, 3, "PENDING"),
        (done.id, 1, "PICKED"),
    ]
    assert shares[0]["order_number"] == first.order_number
    assert [(order["order_id"], order["items_pending"]) for order in shown["orders"]] == [
        (first.id, 2),
        (second.id, 2),
        (done.id, 0),
    ]


def test_an_order_that_was_given_back_or_cancelled_leaves_the_walk(
    client: FlaskClient, session: Session, branch: StockLocation, employee: User, headers: dict[str, str]
) -> None:
    kept, given, canceled = (order_at(session, branch) for _ in range(3))
    batch = make_batch(session, employee, kept, given, canceled)
    given.picker_id = None
    session.commit()
    session.execute(
        update(Order).where(Order.id == canceled.id).values(status=OrderStatus.CANCELED, canceled_at=Order.created_at)
    )
    session.commit()

    shown = client.get(f"{BATCHES}/{batch.id}", headers=headers).json["data"]

    assert [order["order_id"] for order in shown["orders"]] == [kept.id, canceled.id]
    assert [share["order_id"] for stop in shown["walk"] for share in stop["orders"]] == [kept.id]
    assert shown["items_pending"] == 1


@pytest.mark.parametrize("count", [1, 6])
def test_a_batch_and_the_list_take_two_statements_each(
    client: FlaskClient,
    session: Session,
    branch: StockLocation,
    employee: User,
    headers: dict[str, str],
    statements: Statements,
    count: int,
) -> None:
    batches = [make_batch(session, employee, order_at(session, branch)) for _ in range(count)]
    statements.clear()

    client.get(f"{BATCHES}/{batches[0].id}", headers=headers)
    listed = client.get(BATCHES, headers=headers)

    assert len(ids(listed)) == count
    assert len(statements) == 4  # sign-in and answer, twice


def test_own_open_batches_come_first_and_pages_agree(
    client: FlaskClient, session: Session, branch: StockLocation, employee: User, headers: dict[str, str]
) -> None:
    colleague = make_employee(session, branch)
    mine = make_batch(session, employee, order_at(session, branch))
    done = make_batch(session, employee, order_at(session, branch), status=BatchStatus.DONE)
    also_mine = make_batch(session, employee, order_at(session, branch))
    other = make_batch(session, colleague, order_at(session, branch))
    expected = [also_mine.id, mine.id, other.id, done.id]

    whole = client.get(BATCHES, headers=headers)
    first = client.get(f"{BATCHES}?limit=3", headers=headers)
    second = client.get(f"{BATCHES}?limit=3&cursor={first.json['meta']['next_cursor']}", headers=headers)

    assert ids(whole) == ids(first) + ids(second) == expected
    assert whole.json["meta"]["total"] == 4
    assert ids(client.get(f"{BATCHES}?status=DONE", headers=headers)) == [done.id]


def test_batches_of_other_branches_are_neither_listed_nor_found(
    client: FlaskClient, session: Session, branch: StockLocation, headers: dict[str, str]
) -> None:
    elsewhere = make_location(session)
    foreign = make_batch(session, make_employee(session, elsewhere), order_at(session, elsewhere))
    manager = sign_in(session, make_user(session, role=Role.MANAGER))

    assert ids(client.get(BATCHES, headers=headers)) == []
    assert client.get(f"{BATCHES}/{foreign.id}", headers=headers).status_code == 404
    assert client.post(f"{BATCHES}/{foreign.id}/done", headers=headers).status_code == 404
    assert foreign.id in ids(client.get(BATCHES, headers=manager))


def test_a_batch_is_done_once_every_line_is_marked(
    client: FlaskClient, session: Session, branch: StockLocation, employee: User, headers: dict[str, str]
) -> None:
    order, other = order_at(session, branch), order_at(session, branch)
    batch = make_batch(session, employee, order, other)
    mark(session, other, PickedStatus.PICKED)

    early = client.post(f"{BATCHES}/{batch.id}/done", headers=headers)
    mark(session, order)
    done = client.post(f"{BATCHES}/{batch.id}/done", headers=headers)
    again = client.post(f"{BATCHES}/{batch.id}/done", headers=headers)

    assert (early.status_code, early.json["error"]["code"]) == (409, "BATCH_NOT_FINISHED")
    assert early.json["error"]["details"] == {"items_pending": 1}
    assert (done.status_code, done.json["data"]["status"]) == (200, "DONE")
    assert again.json["data"]["done_at"] == done.json["data"]["done_at"] is not None
    closings = select(AuditEvent).where(AuditEvent.entity_type == "pick_batch", AuditEvent.entity_id == batch.id)
    assert [row.action for row in session.scalars(closings)] == ["UPDATE_STATUS"]


def test_only_its_picker_or_a_manager_ends_a_batch(
    client: FlaskClient, session: Session, branch: StockLocation, employee: User
) -> None:
    order = order_at(session, branch)
    batch = make_batch(session, employee, order)
    mark(session, order)
    colleague = sign_in(session, make_employee(session, branch))
    manager = sign_in(session, make_user(session, role=Role.MANAGER))

    refusal = client.post(f"{BATCHES}/{batch.id}/done", headers=colleague)
    allowed = client.post(f"{BATCHES}/{batch.id}/done", headers=manager)

    assert refusal.status_code == 403
    assert session.get(PickBatch, batch.id, populate_existing=True).status is BatchStatus.DONE
    assert allowed.status_code == 200


def test_customers_are_kept_out(client: FlaskClient, session: Session) -> None:
    headers = sign_in(session, make_user(session))

    assert client.get(BATCHES, headers=headers).status_code == 403
    assert client.post(BATCHES, json={"order_ids": [1]}, headers=headers).status_code == 403
