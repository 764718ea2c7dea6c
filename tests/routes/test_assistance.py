"""Asking the staff for help: by customers, to the people of one branch."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.domain.enums import AssistanceStatus, LocationKind, Role
from app.models import AssistanceRequest, AuditEvent, Notification, OutboxEvent, SandboxMessage, StockLocation, User
from app.services import relay
from tests.conftest import Statements
from tests.factories import make_employee, make_location, make_order, make_user, sign_in

MINE = "/api/v1/store/assistance"
QUEUE = "/api/v1/ops/assistance"
BROKEN = "One bottle arrived broken."


@pytest.fixture
def branch(session: Session) -> StockLocation:
    return make_location(session, name="Carmel")


@pytest.fixture
def user(session: Session) -> User:
    return make_user(session, full_name="Noa Bar", phone="+972501234567")


@pytest.fixture
def headers(session: Session, user: User) -> dict[str, str]:
    return sign_in(session, user)


@pytest.fixture
def staff(session: Session, branch: StockLocation) -> dict[str, str]:
    return sign_in(session, make_employee(session, branch))


def make_request(session: Session, user: User, branch: StockLocation, **columns: Any) -> AssistanceRequest:
    made = AssistanceRequest(user_id=user.id, stock_location_id=branch.id, **{"message": BROKEN, **columns})
    session.add(made)
    session.commit()
    return made


def ids(client: FlaskClient, path: str, headers: dict[str, str]) -> list[int]:
    return [item["id"] for item in client.get(path, headers=headers).json["data"]]


def test_a_customer_asks_the_staff_of_a_branch_about_an_order(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str], branch: StockLocation
) -> None:
    order = make_order(session, user)
    body = {"branch_id": branch.id, "message": f" {BROKEN} ", "order_id": order.id}

    answer = client.post(MINE, json=body, headers=headers)

    made = answer.json["data"]
    assert answer.status_code == 201
    assert made == {
        "id": made["id"],
        "branch_id": branch.id,
        "branch_name": "Carmel",
        "message": BROKEN,
        "status": "OPEN",
        "order_id": order.id,
        "order_number": order.order_number,
        "resolution": None,
        "resolved_at": None,
        "created_at": made["created_at"],
    }
    [audit] = session.execute(select(AuditEvent).where(AuditEvent.entity_type == "assistance")).scalars()
    assert (audit.action, audit.entity_id, audit.actor_user_id) == ("CREATE", made["id"], user.id)
    assert audit.new_value == {"status": "OPEN", "branch_id": branch.id, "order_id": order.id}
    assert audit.request_id


def test_an_order_of_somebody_else_is_not_found(
    client: FlaskClient, session: Session, headers: dict[str, str], branch: StockLocation
) -> None:
    order = make_order(session, make_user(session))
    body = {"branch_id": branch.id, "message": BROKEN, "order_id": order.id}

    answer = client.post(MINE, json=body, headers=headers)

    assert (answer.status_code, answer.json["error"]["message"]) == (404, "You have no such order.")


@pytest.mark.parametrize("columns", [{"is_active": False}, {"kind": LocationKind.SHOP}])
def test_only_an_active_branch_can_be_asked(
    client: FlaskClient, session: Session, headers: dict[str, str], columns: dict[str, Any]
) -> None:
    body = {"branch_id": make_location(session, **columns).id, "message": BROKEN}

    assert client.post(MINE, json=body, headers=headers).status_code == 404


@pytest.mark.parametrize("message", ["", "x", " ", "x" * 501, "a\x00b"])
def test_a_message_has_bounds(
    client: FlaskClient, headers: dict[str, str], branch: StockLocation, message: str
) -> None:
    answer = client.post(MINE, json={"branch_id": branch.id, "message": message}, headers=headers)

    assert answer.status_code == 400


def test_at_most_five_requests_are_open(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str], staff: dict[str, str], branch: Any
) -> None:
    body = {"branch_id": branch.id, "message": BROKEN}
    made = [client.post(MINE, json=body, headers=headers).json["data"]["id"] for _ in range(5)]

    refused = client.post(MINE, json=body, headers=headers)
    client.post(f"{QUEUE}/{made[0]}/resolve", headers=staff)
    again = client.post(MINE, json=body, headers=headers)

    assert (refused.status_code, refused.json["error"]["code"]) == (409, "TOO_MANY_OPEN_REQUESTS")
    assert again.status_code == 201


def test_everybody_sees_their_own_requests_open_ones_first(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str], staff: dict[str, str], branch: Any
) -> None:
    old, resolved = make_request(session, user, branch), make_request(session, user, branch)
    new = make_request(session, user, branch)
    make_request(session, make_user(session), branch)
    client.post(f"{QUEUE}/{resolved.id}/resolve", headers=staff)

    first = client.get(f"{MINE}?limit=2", headers=headers).json
    second = client.get(f"{MINE}?limit=2&cursor={first['meta']['next_cursor']}", headers=headers).json

    assert [item["id"] for item in first["data"] + second["data"]] == [new.id, old.id, resolved.id]
    assert second["meta"]["next_cursor"] is None


def test_staff_see_who_asks_at_their_own_branches_only(
    client: FlaskClient, session: Session, user: User, staff: dict[str, str], branch: StockLocation
) -> None:
    asked = make_request(session, user, branch)
    elsewhere = make_request(session, user, make_location(session))
    manager = sign_in(session, make_user(session, role=Role.MANAGER))

    [item] = client.get(QUEUE, headers=staff).json["data"]

    assert (item["id"], item["customer_id"], item["customer_name"], item["customer_phone"]) == (
        *(asked.id, user.id, "Noa Bar"),
        "+972501234567",
    )
    assert ids(client, QUEUE, manager) == [elsewhere.id, asked.id]
    assert ids(client, f"{QUEUE}?branchId={branch.id}", manager) == [asked.id]


def test_the_queue_can_be_narrowed_to_a_status(
    client: FlaskClient, session: Session, user: User, staff: dict[str, str], branch: StockLocation
) -> None:
    resolved, asked = make_request(session, user, branch), make_request(session, user, branch)
    client.post(f"{QUEUE}/{resolved.id}/resolve", headers=staff)

    assert ids(client, f"{QUEUE}?status=OPEN", staff) == [asked.id]
    assert ids(client, f"{QUEUE}?status=RESOLVED", staff) == [resolved.id]
    assert ids(client, QUEUE, staff) == [asked.id, resolved.id]


def make_resolved(session: Session, user: User, branch: StockLocation) -> AssistanceRequest:
    return make_request(session, user, branch, status=AssistanceStatus.RESOLVED, resolved_at=datetime.now(UTC))


def test_pages_of_any_size_give_the_same_queue(
    client: FlaskClient, session: Session, user: User, branch: StockLocation
) -> None:
    other = make_location(session)
    staff = sign_in(session, make_employee(session, branch, other))
    asked = [make_request(session, user, place).id for place in (other, branch)]
    resolved = [make_resolved(session, user, place).id for place in (branch, other, branch)]
    asked += [make_request(session, user, place).id for place in (other, branch)]

    by_offset = [found for offset in range(0, 7, 2) for found in ids(client, f"{QUEUE}?limit=2&offset={offset}", staff)]
    by_cursor, cursor, totals = [], "", set()
    while cursor is not None:
        page = client.get(f"{QUEUE}?limit=2{cursor and f'&cursor={cursor}'}", headers=staff).json
        by_cursor += [item["id"] for item in page["data"]]
        totals.add(page["meta"]["total"])
        cursor = page["meta"]["next_cursor"]

    assert by_offset == by_cursor == asked[::-1] + resolved[::-1]
    assert totals == {7}


def test_the_total_counts_what_the_filters_leave(
    client: FlaskClient, session: Session, user: User, staff: dict[str, str], branch: StockLocation
) -> None:
    elsewhere = make_location(session)
    manager = sign_in(session, make_user(session, role=Role.MANAGER))
    for place in (branch, branch, elsewhere):
        make_request(session, user, place)
    make_resolved(session, user, branch)

    def total(query: str, who: dict[str, str]) -> int:
        counted: int = client.get(f"{QUEUE}?limit=1{query}", headers=who).json["meta"]["total"]
        return counted

    assert [total("", staff), total("&status=OPEN", staff), total("&status=RESOLVED", staff)] == [3, 2, 1]
    assert [total("", manager), total(f"&branchId={elsewhere.id}", manager)] == [4, 1]
    assert total(f"&branchId={elsewhere.id}", staff) == 0


def test_beyond_a_thousand_requests_no_total_is_given(
    client: FlaskClient, session: Session, user: User, staff: dict[str, str], branch: StockLocation
) -> None:
    row = {"user_id": user.id, "stock_location_id": branch.id, "message": BROKEN}
    session.execute(insert(AssistanceRequest), [row] * 1000)
    exact = client.get(f"{QUEUE}?limit=1", headers=staff).json["meta"]["total"]
    make_resolved(session, user, branch)

    beyond = client.get(f"{QUEUE}?limit=1", headers=staff).json["meta"]["total"]

    assert (exact, beyond) == (1000, None)


def test_a_resolved_request_is_audited_and_told_to_the_customer(
    client: FlaskClient, session: Session, user: User, staff: dict[str, str], branch: StockLocation
) -> None:
    asked = make_request(session, user, branch)

    answer = client.post(f"{QUEUE}/{asked.id}/resolve", json={"resolution": "A new one comes."}, headers=staff)

    shown = answer.json["data"]
    assert (answer.status_code, shown["status"], shown["resolution"]) == (200, "RESOLVED", "A new one comes.")
    assert shown["resolved_at"] is not None
    session.refresh(asked)
    [audit] = session.execute(select(AuditEvent).where(AuditEvent.entity_type == "assistance")).scalars()
    assert (audit.action, audit.entity_id, audit.actor_user_id) == ("RESOLVE", asked.id, asked.resolved_by)
    assert (audit.old_value, audit.new_value) == (
        {"status": "OPEN"},
        {"status": "RESOLVED", "resolution": "A new one comes."},
    )
    relay.relay_due()
    notification = session.execute(select(Notification)).scalar_one()
    mail = session.execute(select(SandboxMessage)).scalar_one()
    assert (notification.user_id, notification.kind) == (user.id, "assistance.resolved")
    assert "The staff have dealt with your request. Their answer: A new one comes." in notification.body
    assert (mail.recipient, mail.body) == (user.email, notification.body)


def test_the_longest_request_and_answer_fit_into_a_notification(
    client: FlaskClient, session: Session, user: User, staff: dict[str, str], branch: StockLocation
) -> None:
    asked = make_request(session, user, branch, message="m" * 500)
    client.post(f"{QUEUE}/{asked.id}/resolve", json={"resolution": "r" * 500}, headers=staff)

    relay.relay_due()

    notification = session.execute(select(Notification)).scalar_one()
    assert "r" * 500 in notification.body


def test_a_request_is_resolved_once(
    client: FlaskClient, session: Session, user: User, staff: dict[str, str], branch: StockLocation
) -> None:
    asked = make_request(session, user, branch)
    client.post(f"{QUEUE}/{asked.id}/resolve", json={"resolution": "first"}, headers=staff)

    again = client.post(f"{QUEUE}/{asked.id}/resolve", json={"resolution": "second"}, headers=staff)

    session.refresh(asked)
    assert (again.status_code, again.json["error"]["code"]) == (409, "ALREADY_RESOLVED")
    assert asked.resolution == "first"
    assert len(session.execute(select(OutboxEvent)).all()) == 1


def test_a_request_at_another_branch_is_not_found(
    client: FlaskClient, session: Session, user: User, staff: dict[str, str]
) -> None:
    asked = make_request(session, user, make_location(session))

    answer = client.post(f"{QUEUE}/{asked.id}/resolve", headers=staff)

    session.refresh(asked)
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "ASSISTANCE_NOT_FOUND")
    assert asked.status == "OPEN"


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.VENDOR])
def test_the_queue_is_for_staff(client: FlaskClient, session: Session, role: Role) -> None:
    headers = sign_in(session, make_user(session, role=role))

    assert client.get(QUEUE, headers=headers).status_code == 403
    assert client.post(f"{QUEUE}/1/resolve", headers=headers).status_code == 403


def test_the_number_of_statements_does_not_grow(
    client: FlaskClient, session: Session, user: User, staff: dict[str, str], branch: Any, statements: Statements
) -> None:
    for _ in range(20):
        make_request(session, user, branch)
    statements.clear()

    client.get(QUEUE, headers=staff)

    assert len(statements) <= 2
