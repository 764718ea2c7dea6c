"""Stock requests over HTTP: asked for by employees, reviewed by managers."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import LocationKind, MovementKind
from app.models import AuditEvent, Inventory, Product, StockChange, StockLocation, StockMovement, User
from tests.conftest import Statements
from tests.factories import make_employee, make_location, make_product, sign_in
from tests.shopping import assert_sound

REQUESTS = "/api/v1/stock-requests"
ADMIN = f"{REQUESTS}/admin"
OPS = "/api/v1/ops/stock-requests"


@pytest.fixture
def branch(session: Session) -> StockLocation:
    return make_location(session, name="Haifa")


@pytest.fixture
def product(session: Session, branch: StockLocation) -> Product:
    return make_product(session, stock={branch: 10}, name="Milk", sku="MILK-1")


@pytest.fixture
def employee(session: Session, branch: StockLocation) -> User:
    return make_employee(session, branch, full_name="Noa Bar")


@pytest.fixture
def headers(session: Session, employee: User) -> dict[str, str]:
    return sign_in(session, employee)


def ask(
    client: FlaskClient, headers: dict[str, str], branch: StockLocation, product: Product, **body: Any
) -> TestResponse:
    form = {"branch_id": branch.id, "product_id": product.id, "quantity": 5, "request_type": "ADD_QUANTITY"}
    return client.post(REQUESTS, json={**form, **body}, headers=headers)


def resolve(client: FlaskClient, as_manager: dict[str, str], request_id: int, **body: Any) -> TestResponse:
    return client.patch(f"{ADMIN}/{request_id}/resolve", json=body, headers=as_manager)


def available(session: Session) -> int:
    return session.scalars(select(Inventory.available_quantity)).one()


def actions(session: Session) -> list[tuple[str, str]]:
    rows = session.execute(select(AuditEvent.entity_type, AuditEvent.action).order_by(AuditEvent.id))
    return [(row.entity_type, row.action) for row in rows]


def ids(answer: TestResponse) -> list[int]:
    return [row["id"] for row in answer.json["data"]]


@pytest.mark.parametrize("path", [REQUESTS, OPS])
def test_an_employee_asks_for_stock(
    client: FlaskClient,
    session: Session,
    headers: dict[str, str],
    employee: User,
    branch: StockLocation,
    product: Product,
    path: str,
) -> None:
    body = {"branch_id": branch.id, "product_id": product.id, "quantity": 5, "request_type": "SET_QUANTITY"}

    answer = client.post(path, json={**body, "priority": "urgent"}, headers=headers)

    assert answer.status_code == 201
    row = answer.json["data"]
    assert row.pop("id")
    assert row.pop("created_at")
    assert row == {
        "branch_id": branch.id,
        "branch_name": "Haifa",
        "product_id": product.id,
        "product_name": "Milk",
        "product_sku": "MILK-1",
        "sku": "MILK-1",
        "quantity": 5,
        "requested_quantity": 5,
        "request_type": "SET_QUANTITY",
        "priority": "urgent",
        "status": "PENDING",
        "actor_user_id": employee.id,
        "requester": "Noa Bar",
        "reviewed_by": None,
        "reviewed_at": None,
        "rejection_reason": None,
    }
    assert actions(session) == [("stock_request", "CREATE")]
    assert available(session) == 10


def test_one_may_only_ask_for_what_a_branch_of_ones_own_keeps(
    client: FlaskClient, session: Session, headers: dict[str, str], as_manager: dict[str, str], product: Product
) -> None:
    other = make_location(session)
    kept_elsewhere = make_product(session, stock={other: 1})
    shop = make_location(session, kind=LocationKind.SHOP)
    of_a_vendor = make_product(session, stock={shop: 1})

    assert ask(client, headers, other, kept_elsewhere).status_code == 404
    assert ask(client, as_manager, other, product).status_code == 404
    assert ask(client, as_manager, shop, of_a_vendor).status_code == 404
    assert ask(client, as_manager, other, kept_elsewhere).status_code == 201


@pytest.mark.parametrize("body", [{"quantity": 0}, {"quantity": 10_001}, {"request_type": "TAKE"}, {"note": "x"}])
def test_impossible_requests_are_refused(
    client: FlaskClient, headers: dict[str, str], branch: StockLocation, product: Product, body: dict[str, Any]
) -> None:
    assert ask(client, headers, branch, product, **body).json["error"]["code"] == "VALIDATION_ERROR"


def test_lists_show_ones_own_those_of_ones_branches_or_all(
    client: FlaskClient,
    session: Session,
    headers: dict[str, str],
    as_manager: dict[str, str],
    branch: StockLocation,
    product: Product,
) -> None:
    other = make_location(session)
    elsewhere = make_product(session, stock={other: 1})
    mine = ask(client, headers, branch, product).json["data"]["id"]
    of_my_branch = ask(client, as_manager, branch, product).json["data"]["id"]
    foreign = ask(client, as_manager, other, elsewhere).json["data"]["id"]

    assert ids(client.get(f"{REQUESTS}/my", headers=headers)) == [mine]
    assert ids(client.get(OPS, headers=headers)) == [of_my_branch, mine]
    assert ids(client.get(f"{OPS}?branch_id={other.id}", headers=headers)) == []
    assert ids(client.get(OPS, headers=as_manager)) == [foreign, of_my_branch, mine]
    assert ids(client.get(f"{ADMIN}?branchId={other.id}", headers=as_manager)) == [foreign]
    assert client.get(ADMIN, headers=headers).status_code == 403
    assert client.get(f"{ADMIN}/{mine}", headers=as_manager).json["data"]["requester"] == "Noa Bar"
    missing = client.get(f"{ADMIN}/999999", headers=as_manager)
    assert (missing.status_code, missing.json["error"]["code"]) == (404, "STOCK_REQUEST_NOT_FOUND")


def test_the_queue_is_filtered_by_status_and_paged_newest_first(
    client: FlaskClient, headers: dict[str, str], as_manager: dict[str, str], branch: StockLocation, product: Product
) -> None:
    made = [ask(client, headers, branch, product).json["data"]["id"] for _ in range(5)]
    resolve(client, as_manager, made[0], status="REJECTED", rejection_reason="Enough there")

    pending = client.get(f"{ADMIN}?status=PENDING&limit=2", headers=as_manager)
    by_offset = client.get(f"{ADMIN}?status=PENDING&limit=2&offset=2", headers=as_manager)
    cursor = pending.json["meta"]["next_cursor"]
    by_cursor = client.get(f"{ADMIN}?status=PENDING&limit=2&cursor={cursor}", headers=as_manager)

    assert ids(pending) == [made[4], made[3]]
    assert pending.json["meta"]["total"] == 4
    assert ids(by_offset) == ids(by_cursor) == [made[2], made[1]]
    assert ids(client.get(f"{ADMIN}?status=REJECTED", headers=as_manager)) == [made[0]]


def test_numbers_of_the_own_list_are_clamped_or_refused(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.get(f"{REQUESTS}/my?limit=5000", headers=headers).json["meta"]["limit"] == 200
    assert client.get(f"{REQUESTS}/my?limit=many", headers=headers).status_code == 400
    assert client.get(f"{REQUESTS}/my?offset=-1", headers=headers).status_code == 400
    assert client.get(f"{OPS}?limit=201", headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("request_type", "expected", "kind"),
    [("ADD_QUANTITY", 17, MovementKind.RESTOCK), ("SET_QUANTITY", 7, MovementKind.ADJUST)],
)
def test_an_approved_request_changes_the_stock_by_the_approved_quantity(
    client: FlaskClient,
    session: Session,
    headers: dict[str, str],
    as_manager: dict[str, str],
    branch: StockLocation,
    product: Product,
    request_type: str,
    expected: int,
    kind: MovementKind,
) -> None:
    asked = ask(client, headers, branch, product, request_type=request_type, quantity=50).json["data"]["id"]

    answer = resolve(client, as_manager, asked, status="APPROVED", approved_quantity=7)

    row = answer.json["data"]
    assert (row["status"], row["quantity"], row["requested_quantity"]) == ("APPROVED", 7, 50)
    assert row["reviewed_at"]
    assert row["reviewed_by"]
    assert available(session) == expected
    change = session.scalars(select(StockChange)).one()
    moved = session.scalars(select(StockMovement).where(StockMovement.source_type == "stock_change")).one()
    assert (change.stock_request_id, moved.kind, moved.available_change) == (asked, kind, expected - 10)
    assert actions(session)[1:] == [("inventory", "STOCK_REQUEST_APPLY"), ("stock_request", "REVIEW")]
    assert_sound()


def test_a_rejection_keeps_its_reason_and_leaves_the_stock(
    client: FlaskClient,
    session: Session,
    headers: dict[str, str],
    as_manager: dict[str, str],
    branch: StockLocation,
    product: Product,
) -> None:
    asked = ask(client, headers, branch, product).json["data"]["id"]

    answer = resolve(client, as_manager, asked, status="REJECTED", rejection_reason="  Ordered already ")

    assert answer.json["data"]["rejection_reason"] == "Ordered already"
    assert client.get(f"{REQUESTS}/my", headers=headers).json["data"][0]["rejection_reason"] == "Ordered already"
    assert available(session) == 10
    assert actions(session)[1:] == [("stock_request", "REVIEW")]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"status": "APPROVED"}, "INVALID_QUANTITY"),
        ({"status": "REJECTED"}, "INVALID_REJECTION"),
        ({"status": "REJECTED", "rejection_reason": "x"}, "VALIDATION_ERROR"),
        ({"status": "PENDING"}, "VALIDATION_ERROR"),
        ({"status": "APPROVED", "approved_quantity": 0}, "VALIDATION_ERROR"),
    ],
)
def test_a_review_without_its_decision_is_refused(
    client: FlaskClient,
    headers: dict[str, str],
    as_manager: dict[str, str],
    branch: StockLocation,
    product: Product,
    body: dict[str, Any],
    code: str,
) -> None:
    asked = ask(client, headers, branch, product).json["data"]["id"]

    answer = resolve(client, as_manager, asked, **body)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, code)
    assert client.get(f"{ADMIN}/{asked}", headers=as_manager).json["data"]["status"] == "PENDING"


def test_only_a_pending_request_is_reviewed(
    client: FlaskClient,
    session: Session,
    headers: dict[str, str],
    as_manager: dict[str, str],
    branch: StockLocation,
    product: Product,
) -> None:
    asked = ask(client, headers, branch, product).json["data"]["id"]
    resolve(client, as_manager, asked, status="APPROVED", approved_quantity=5)

    again = resolve(client, as_manager, asked, status="APPROVED", approved_quantity=5)
    unknown = resolve(client, as_manager, 999_999, status="APPROVED", approved_quantity=5)

    assert (again.status_code, again.json["error"]["code"]) == (409, "INVALID_STATUS")
    assert (unknown.status_code, unknown.json["error"]["code"]) == (404, "STOCK_REQUEST_NOT_FOUND")
    assert available(session) == 15


def test_a_manager_may_review_a_request_of_their_own_which_the_audit_shows(
    client: FlaskClient, session: Session, as_manager: dict[str, str], branch: StockLocation, product: Product
) -> None:
    asked = ask(client, as_manager, branch, product).json["data"]

    answer = resolve(client, as_manager, asked["id"], status="APPROVED", approved_quantity=5)

    assert answer.status_code == 200
    assert set(session.scalars(select(AuditEvent.actor_user_id))) == {asked["actor_user_id"]}


def test_a_bulk_review_decides_each_request_by_itself(
    client: FlaskClient,
    session: Session,
    headers: dict[str, str],
    as_manager: dict[str, str],
    branch: StockLocation,
    product: Product,
) -> None:
    first, second, third = (ask(client, headers, branch, product).json["data"]["id"] for _ in range(3))
    items = [
        {"request_id": first, "status": "APPROVED", "approved_quantity": 2},
        {"request_id": 999_999, "status": "APPROVED", "approved_quantity": 2},
        {"request_id": second, "status": "APPROVED"},
        {"request_id": third, "status": "REJECTED", "rejection_reason": "Too many"},
        {"request_id": first, "status": "APPROVED", "approved_quantity": 2},
    ]

    answer = client.patch(f"{ADMIN}/bulk-review", json={"items": items}, headers=as_manager)

    assert answer.status_code == 200
    results = answer.json["data"]["results"]
    assert [(r["request_id"], r["status"], r["result"], r["error_code"]) for r in results] == [
        (first, "APPROVED", "ok", None),
        (999_999, None, "error", "STOCK_REQUEST_NOT_FOUND"),
        (second, None, "error", "INVALID_QUANTITY"),
        (third, "REJECTED", "ok", None),
        (first, None, "error", "INVALID_STATUS"),
    ]
    assert available(session) == 12
    assert_sound()


@pytest.mark.parametrize("count", [0, 201])
def test_a_bulk_review_takes_one_to_two_hundred_items(
    client: FlaskClient, as_manager: dict[str, str], count: int
) -> None:
    items = [{"request_id": 1, "status": "REJECTED", "rejection_reason": "no"}] * count

    assert client.patch(f"{ADMIN}/bulk-review", json={"items": items}, headers=as_manager).status_code == 400


def test_the_lists_cost_the_same_statements_for_one_request_and_for_many(
    client: FlaskClient,
    headers: dict[str, str],
    branch: StockLocation,
    product: Product,
    statements: Statements,
) -> None:
    ask(client, headers, branch, product)
    statements.clear()
    client.get(OPS, headers=headers)
    for_one = len(statements)
    for _ in range(10):
        ask(client, headers, branch, product)
    statements.clear()

    client.get(OPS, headers=headers)

    assert len(statements) == for_one == 2  # the token's session, the page
