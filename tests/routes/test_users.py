"""Users as managers and admins see and change them."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import LocationKind, Role
from app.errors import DomainError
from app.models import AuditEvent, User, UserBranch
from app.schemas.users import UserChange
from app.services.relay import relay_due
from app.services.sandbox_inbox import inbox
from app.services.users import changing, rules
from tests.conftest import Statements
from tests.factories import (
    PASSWORD,
    caller_of,
    make_employee,
    make_location,
    make_user,
    make_vendor,
    make_warehouse,
    sign_in,
)

USERS = "/api/v1/admin/users"
NOBODY = 2**40


def headers_of(session: Session, role: Role) -> dict[str, str]:
    return sign_in(session, make_user(session, role=role))


def audited(session: Session) -> list[tuple[str, str, Any, Any]]:
    rows = session.execute(select(AuditEvent).order_by(AuditEvent.id)).scalars()
    return [(row.entity_type, row.action, row.old_value, row.new_value) for row in rows]


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


# --- the list ---


def test_the_list_is_flat_and_knows_every_field_of_the_contract(client: FlaskClient, session: Session) -> None:
    manager = make_user(session, role=Role.MANAGER, email="maya@example.com", phone="0501234567")

    answer = client.get(USERS, headers=sign_in(session, manager)).json

    assert {name: answer[name] for name in answer if name != "data"} == {
        "total": 1,
        "limit": 50,
        "offset": 0,
        "next_cursor": None,
    }
    [row] = answer["data"]
    assert row.pop("created_at").endswith("Z")
    assert row.pop("updated_at").endswith("Z")
    assert row == {
        "id": manager.id,
        "email": "maya@example.com",
        "full_name": "Dana Levi",
        "phone": "0501234567",
        "role": "MANAGER",
        "is_active": True,
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=ROSA", ["rosa@example.com"]),
        ("q=weiß", ["percent%@example.com"]),
        ("q=t%25@", ["percent%@example.com"]),
        ("q=_", []),
        ("q=%25a", []),
        ("role=EMPLOYEE", ["rosa@example.com"]),
        ("isActive=false", ["percent%@example.com"]),
        ("is_active=true&q=example", ["rosa@example.com", "maya@example.com"]),
        ("role=VENDOR", []),
    ],
)
def test_users_are_found_by_a_part_of_name_or_address_by_role_and_by_state(
    client: FlaskClient, session: Session, query: str, found: list[str]
) -> None:
    make_user(session, email="rosa@example.com", role=Role.EMPLOYEE)
    make_user(session, email="percent%@example.com", full_name="Anna Weiß", is_active=False)
    manager = sign_in(session, make_user(session, email="maya@example.com", role=Role.MANAGER))

    answer = client.get(f"{USERS}?{query}", headers=manager).json

    assert [row["email"] for row in answer["data"]] == found
    assert answer["total"] == len(found)


@pytest.mark.parametrize("query", ["q=%2B919876543210", "q=98765", "q=9876543210&role=VENDOR"])
def test_a_user_known_by_phone_only_is_found_by_it(client: FlaskClient, session: Session, query: str) -> None:
    vendor = make_vendor(session, phone="+919876543210", full_name="")
    make_vendor(session)

    answer = client.get(f"{USERS}?{query}", headers=headers_of(session, Role.ADMIN)).json

    [row] = answer["data"]
    assert (row["id"], row["email"], row["full_name"], row["phone"]) == (vendor.id, None, "", "+919876543210")
    assert client.get(f"{USERS}/{vendor.id}", headers=headers_of(session, Role.ADMIN)).status_code == 200


def test_pages_follow_each_other_by_offset_and_by_cursor(client: FlaskClient, session: Session) -> None:
    made = [make_user(session).id for _ in range(3)]
    headers = headers_of(session, Role.MANAGER)

    first = client.get(f"{USERS}?limit=2&role=CUSTOMER", headers=headers).json
    by_offset = client.get(f"{USERS}?limit=2&role=CUSTOMER&offset=2", headers=headers).json
    by_cursor = client.get(f"{USERS}?limit=2&role=CUSTOMER&cursor={first['next_cursor']}", headers=headers).json

    assert [row["id"] for row in first["data"]] == made[:2]
    assert [row["id"] for row in by_offset["data"]] == made[2:]
    assert by_cursor["data"] == by_offset["data"]
    assert (first["total"], by_offset["total"], by_offset["next_cursor"]) == (3, 3, None)


def test_a_faulty_query_is_refused(client: FlaskClient, session: Session) -> None:
    headers = headers_of(session, Role.MANAGER)

    answers = [
        client.get(f"{USERS}?{query}", headers=headers) for query in ("role=KING", "limit=0", "q=%00", "cursor=x")
    ]

    assert {code_of(answer) for answer in answers} == {(400, "VALIDATION_ERROR")}


def test_the_list_takes_one_statement_however_many_users(
    client: FlaskClient, session: Session, statements: Statements
) -> None:
    headers = headers_of(session, Role.MANAGER)
    statements.clear()
    client.get(USERS, headers=headers)
    few = len(statements)
    for _ in range(5):
        make_employee(session, make_location(session))

    statements.clear()
    answer = client.get(USERS, headers=headers)

    assert len(answer.json["data"]) == 6
    assert len(statements) == few == 2  # who asks, and the page


def test_one_user_is_shown_with_their_branches(client: FlaskClient, session: Session) -> None:
    near, far = make_location(session), make_location(session)
    employee = make_employee(session, far, near, default_branch_id=near.id)

    shown = client.get(f"{USERS}/{employee.id}", headers=headers_of(session, Role.MANAGER)).json["data"]

    assert (shown["default_branch_id"], shown["branch_ids"]) == (near.id, [near.id, far.id])
    assert shown["second_factor_enabled"] is False
    assert "password_hash" not in shown


def test_a_user_who_does_not_exist_is_a_404_of_its_own(client: FlaskClient, session: Session) -> None:
    headers = headers_of(session, Role.ADMIN)

    answers = [
        client.get(f"{USERS}/{NOBODY}", headers=headers),
        client.patch(f"{USERS}/{NOBODY}", json={"full_name": "Nobody"}, headers=headers),
        client.patch(f"{USERS}/{NOBODY}/toggle?active=true", headers=headers),
        client.get(f"{USERS}/{NOBODY}/sessions", headers=headers),
        client.delete(f"{USERS}/{NOBODY}/sessions", headers=headers),
        client.post(f"{USERS}/{NOBODY}/second-factor/reset", headers=headers),
    ]

    assert {code_of(answer) for answer in answers} == {(404, "USER_NOT_FOUND")}


# --- changing ---


def test_changing_a_user_audits_only_what_differs(client: FlaskClient, session: Session) -> None:
    user = make_user(session, phone="0501111111")
    admin = make_user(session, role=Role.ADMIN)
    form = {"full_name": "Noa Bar", "phone": "050-111-1111", "role": "EMPLOYEE", "is_active": True}

    answer = client.patch(f"{USERS}/{user.id}", json=form, headers=sign_in(session, admin))

    assert answer.json["data"]["full_name"] == "Noa Bar"
    assert answer.json["data"]["role"] == "EMPLOYEE"
    assert audited(session) == [
        (
            "User",
            "USER_UPDATED",
            {"full_name": "Dana Levi", "role": "CUSTOMER"},
            {"full_name": "Noa Bar", "role": "EMPLOYEE"},
        )
    ]
    event = session.execute(select(AuditEvent)).scalar_one()
    assert (event.entity_id, event.actor_user_id) == (user.id, admin.id)
    assert event.request_id == answer.headers["X-Request-Id"]


def test_changing_nothing_leaves_no_trace_and_ends_no_session(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    theirs = sign_in(session, user)

    answer = client.patch(
        f"{USERS}/{user.id}", json={"role": "CUSTOMER", "phone": None}, headers=headers_of(session, Role.ADMIN)
    )

    assert answer.status_code == 200
    assert audited(session) == []
    assert client.get("/api/v1/me", headers=theirs).status_code == 200


@pytest.mark.parametrize("form", [{"role": "EMPLOYEE"}, {"is_active": False}])
def test_a_new_role_or_a_block_ends_every_session_at_once(
    client: FlaskClient, session: Session, form: dict[str, Any]
) -> None:
    user = make_user(session, email="noa@example.com", password=PASSWORD)
    login = client.post("/api/v1/auth/login", json={"email": "noa@example.com", "password": PASSWORD}).json["data"]
    second = sign_in(session, user)

    client.patch(f"{USERS}/{user.id}", json=form, headers=headers_of(session, Role.ADMIN))

    refresh = {"Authorization": f"Bearer {login['refresh_token']}"}
    access = {"Authorization": f"Bearer {login['access_token']}"}
    assert client.get("/api/v1/me", headers=access).status_code == 401
    assert client.get("/api/v1/me", headers=second).status_code == 401
    assert client.post("/api/v1/auth/refresh", headers=refresh).status_code == 401


def test_a_new_name_ends_no_session(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    theirs = sign_in(session, user)

    client.patch(f"{USERS}/{user.id}", json={"full_name": "Noa Bar"}, headers=headers_of(session, Role.MANAGER))

    assert client.get("/api/v1/me", headers=theirs).json["data"]["full_name"] == "Noa Bar"


def test_toggling_blocks_and_unblocks_without_a_body(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    theirs = sign_in(session, user)
    manager = headers_of(session, Role.MANAGER)

    blocked = client.patch(f"{USERS}/{user.id}/toggle?active=false", headers=manager)
    unblocked = client.patch(f"{USERS}/{user.id}/toggle?active=true", headers=manager)

    assert blocked.json["data"]["is_active"] is False
    assert unblocked.json["data"]["is_active"] is True
    assert client.get("/api/v1/me", headers=theirs).status_code == 401
    assert audited(session) == [
        ("User", "USER_TOGGLED", {"is_active": True}, {"is_active": False}),
        ("User", "USER_TOGGLED", {"is_active": False}, {"is_active": True}),
    ]


def test_toggling_needs_to_be_told_which_way(client: FlaskClient, session: Session) -> None:
    user, manager = make_user(session), headers_of(session, Role.MANAGER)

    assert code_of(client.patch(f"{USERS}/{user.id}/toggle", headers=manager)) == (400, "MISSING_ACTIVE_PARAM")
    assert code_of(client.patch(f"{USERS}/{user.id}/toggle?active=x", headers=manager)) == (400, "VALIDATION_ERROR")


# --- who may touch whom ---


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMIN])
@pytest.mark.parametrize(
    "call",
    [
        lambda client, user, headers: client.patch(f"{USERS}/{user}", json={"full_name": "New"}, headers=headers),
        lambda client, user, headers: client.patch(f"{USERS}/{user}", json={"role": "CUSTOMER"}, headers=headers),
        lambda client, user, headers: client.patch(f"{USERS}/{user}", json={"branch_ids": []}, headers=headers),
        lambda client, user, headers: client.patch(f"{USERS}/{user}/toggle?active=false", headers=headers),
        lambda client, user, headers: client.delete(f"{USERS}/{user}/sessions", headers=headers),
    ],
)
def test_a_manager_touches_no_manager_and_no_admin(
    client: FlaskClient, session: Session, role: Role, call: Any
) -> None:
    user = make_user(session, role=role)
    theirs, manager = sign_in(session, user), headers_of(session, Role.MANAGER)
    make_user(session, role=Role.ADMIN)

    answer = call(client, user.id, manager)

    assert code_of(answer) == (403, "AUTHORIZATION_ERROR")
    assert "Only an ADMIN" in answer.json["error"]["message"]
    assert client.get("/api/v1/me", headers=theirs).json["data"]["role"] == role
    assert audited(session) == []


@pytest.mark.parametrize("form", [{"role": "CUSTOMER"}, {"is_active": False}])
def test_a_manager_learns_nothing_about_the_last_admin(
    client: FlaskClient, session: Session, form: dict[str, Any]
) -> None:
    only, manager = make_user(session, role=Role.ADMIN), headers_of(session, Role.MANAGER)

    answer = client.patch(f"{USERS}/{only.id}", json=form, headers=manager)

    assert code_of(answer) == (403, "AUTHORIZATION_ERROR")


@pytest.mark.parametrize("role", ["MANAGER", "ADMIN"])
def test_a_manager_grants_no_privileged_role(client: FlaskClient, session: Session, role: str) -> None:
    user, manager = make_user(session), headers_of(session, Role.MANAGER)

    answer = client.patch(f"{USERS}/{user.id}", json={"role": role}, headers=manager)

    assert code_of(answer) == (403, "AUTHORIZATION_ERROR")
    assert session.execute(select(User.role).where(User.id == user.id)).scalar_one() is Role.CUSTOMER


def test_a_manager_hires_and_dismisses_employees(client: FlaskClient, session: Session) -> None:
    user, manager = make_user(session), headers_of(session, Role.MANAGER)

    hired = client.patch(f"{USERS}/{user.id}", json={"role": "EMPLOYEE"}, headers=manager)
    dismissed = client.patch(f"{USERS}/{user.id}", json={"role": "CUSTOMER"}, headers=manager)

    assert (hired.json["data"]["role"], dismissed.json["data"]["role"]) == ("EMPLOYEE", "CUSTOMER")


@pytest.mark.parametrize("role", ["MANAGER", "ADMIN"])
def test_an_admin_grants_and_takes_every_role(client: FlaskClient, session: Session, role: str) -> None:
    user, admin = make_user(session), headers_of(session, Role.ADMIN)

    granted = client.patch(f"{USERS}/{user.id}", json={"role": role}, headers=admin)
    taken = client.patch(f"{USERS}/{user.id}", json={"role": "EMPLOYEE"}, headers=admin)

    assert (granted.json["data"]["role"], taken.json["data"]["role"]) == (role, "EMPLOYEE")


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMIN])
def test_nobody_changes_their_own_role_or_blocks_themselves(client: FlaskClient, session: Session, role: Role) -> None:
    user = make_user(session, role=role)
    headers = sign_in(session, user)

    answers = [
        client.patch(f"{USERS}/{user.id}", json={"role": "CUSTOMER"}, headers=headers),
        client.patch(f"{USERS}/{user.id}", json={"is_active": False}, headers=headers),
        client.patch(f"{USERS}/{user.id}/toggle?active=false", headers=headers),
    ]

    assert [code_of(answer) for answer in answers] == [
        (403, "CANNOT_MODIFY_SELF_ROLE"),
        (403, "CANNOT_DEACTIVATE_SELF"),
        (403, "CANNOT_DEACTIVATE_SELF"),
    ]


def test_a_form_that_repeats_ones_own_role_and_state_is_fine(client: FlaskClient, session: Session) -> None:
    user = make_user(session, role=Role.MANAGER)
    form = {"role": "MANAGER", "is_active": True, "full_name": "Maya Bar"}

    answer = client.patch(f"{USERS}/{user.id}", json=form, headers=sign_in(session, user))

    assert answer.json["data"]["full_name"] == "Maya Bar"


@pytest.mark.parametrize("form", [{"role": "CUSTOMER"}, {"is_active": False}])
def test_the_last_active_admin_stays(client: FlaskClient, session: Session, form: dict[str, Any]) -> None:
    """Reached only by a caller who was demoted between entering and the lock: nobody demotes themselves."""
    last, demoted = make_user(session, role=Role.ADMIN), make_user(session, role=Role.ADMIN)
    late = caller_of(session, demoted)
    make_user(session, role=Role.ADMIN, is_active=False)
    client.patch(f"{USERS}/{demoted.id}", json={"role": "CUSTOMER"}, headers=sign_in(session, last))

    with pytest.raises(rules.LastAdmin):
        changing.change(UserChange(**form), late, user_id=last.id)

    assert session.execute(select(User.id).where(User.role == Role.ADMIN, User.is_active)).scalars().all() == [last.id]


@pytest.mark.parametrize("change", [{"role": Role.CUSTOMER}, {"is_active": False}])
def test_who_lost_their_own_rights_meanwhile_changes_nobody(session: Session, change: dict[str, Any]) -> None:
    admin, user = make_user(session, role=Role.ADMIN), make_user(session)
    late = caller_of(session, admin)
    for name, value in change.items():
        setattr(admin, name, value)
    session.commit()

    with pytest.raises(rules.RightsChanged) as refused:
        changing.change(UserChange(full_name="Noa Bar"), late, user_id=user.id)

    assert isinstance(refused.value, DomainError)
    assert refused.value.status == 403


# --- branches ---


def test_an_employee_is_bound_to_branches_and_the_change_is_audited(client: FlaskClient, session: Session) -> None:
    old, new, warehouse = make_location(session), make_location(session), make_warehouse(session)
    employee = make_employee(session, old)
    form = {"branch_ids": [warehouse.id, new.id, new.id], "default_branch_id": new.id}

    answer = client.patch(f"{USERS}/{employee.id}", json=form, headers=headers_of(session, Role.MANAGER))

    assert answer.json["data"]["branch_ids"] == [new.id, warehouse.id]
    assert answer.json["data"]["default_branch_id"] == new.id
    assert audited(session) == [
        (
            "User",
            "USER_UPDATED",
            {"default_branch_id": None, "branch_ids": [old.id]},
            {"default_branch_id": new.id, "branch_ids": [new.id, warehouse.id]},
        )
    ]


def test_branches_and_the_default_can_be_taken_away(client: FlaskClient, session: Session) -> None:
    branch = make_location(session)
    employee = make_employee(session, branch, default_branch_id=branch.id)
    form = {"branch_ids": [], "default_branch_id": None}

    shown = client.patch(f"{USERS}/{employee.id}", json=form, headers=headers_of(session, Role.MANAGER)).json["data"]

    assert (shown["branch_ids"], shown["default_branch_id"]) == ([], None)


def test_only_stores_and_warehouses_that_exist_can_be_worked_at(client: FlaskClient, session: Session) -> None:
    branch, shop = make_location(session), make_location(session, kind=LocationKind.SHOP)
    employee, manager = make_employee(session, branch), headers_of(session, Role.MANAGER)
    forms = [
        {"branch_ids": [branch.id, NOBODY]},
        {"default_branch_id": NOBODY},
        {"branch_ids": [shop.id]},
        {"default_branch_id": shop.id},
    ]

    answers = [client.patch(f"{USERS}/{employee.id}", json=form, headers=manager) for form in forms]

    assert [code_of(answer) for answer in answers] == [(404, "NOT_FOUND")] * 2 + [(400, "NOT_A_BRANCH")] * 2
    assert answers[0].json["error"]["details"] == {"branch_ids": [NOBODY]}
    assert session.execute(select(UserBranch.stock_location_id)).scalars().all() == [branch.id]


def test_a_customer_works_nowhere_until_the_same_form_hires_them(client: FlaskClient, session: Session) -> None:
    branch, user, manager = make_location(session), make_user(session), headers_of(session, Role.MANAGER)

    refused = client.patch(f"{USERS}/{user.id}", json={"branch_ids": [branch.id]}, headers=manager)
    hired = client.patch(f"{USERS}/{user.id}", json={"branch_ids": [branch.id], "role": "EMPLOYEE"}, headers=manager)

    assert code_of(refused) == (400, "NOT_STAFF")
    assert hired.json["data"]["branch_ids"] == [branch.id]


# --- staff accounts ---


def test_a_new_colleague_sets_the_password_by_the_mailed_link_and_signs_in(
    client: FlaskClient, session: Session
) -> None:
    branch, admin = make_location(session), headers_of(session, Role.ADMIN)
    form = {"email": "Amir@Example.com", "full_name": "Amir Haddad", "role": "EMPLOYEE", "branch_ids": [branch.id]}

    made = client.post(USERS, json=form, headers=admin)
    relay_due()
    [mail] = inbox("amir@example.com")
    [token] = re.findall(r"token=([\w-]+)", mail.body)
    credentials = {"email": "amir@example.com", "password": PASSWORD}
    reset = {"email": "amir@example.com", "token": token, "new_password": PASSWORD}
    set_up = client.post("/api/v1/auth/reset-password", json=reset)
    signed_in = client.post("/api/v1/auth/login", json=credentials)

    assert (made.status_code, made.json["data"]["branch_ids"]) == (201, [branch.id])
    assert set_up.status_code == 200
    assert signed_in.json["data"]["user"]["role"] == "EMPLOYEE"
    assert token not in made.text


def test_making_a_staff_account_is_audited_without_the_link(client: FlaskClient, session: Session) -> None:
    form = {"email": "amir@example.com", "full_name": "Amir Haddad", "role": "MANAGER"}

    made = client.post(USERS, json=form, headers=headers_of(session, Role.ADMIN))

    event = session.execute(select(AuditEvent)).scalar_one()
    assert (event.entity_type, event.action, event.entity_id) == ("User", "USER_CREATED", made.json["data"]["id"])
    assert event.new_value == {**form, "phone": None, "branch_ids": [], "language": "en"}


def test_a_taken_address_makes_no_second_account(client: FlaskClient, session: Session) -> None:
    make_user(session, email="amir@example.com")
    form = {"email": "AMIR@example.com", "full_name": "Amir Haddad", "role": "EMPLOYEE"}

    answer = client.post(USERS, json=form, headers=headers_of(session, Role.ADMIN))

    assert code_of(answer) == (400, "USER_EXISTS")


@pytest.mark.parametrize("role", ["CUSTOMER", "VENDOR", None])
def test_only_staff_are_made_this_way(client: FlaskClient, session: Session, role: str | None) -> None:
    form = {"email": "amir@example.com", "full_name": "Amir Haddad", "role": role}

    answer = client.post(USERS, json=form, headers=headers_of(session, Role.ADMIN))

    assert code_of(answer) == (400, "VALIDATION_ERROR")


def test_a_manager_makes_no_staff_account(client: FlaskClient, session: Session) -> None:
    form = {"email": "amir@example.com", "full_name": "Amir Haddad", "role": "EMPLOYEE"}

    assert client.post(USERS, json=form, headers=headers_of(session, Role.MANAGER)).status_code == 403


# --- sessions of others ---


def test_the_sessions_of_a_user_are_listed_and_ended(client: FlaskClient, session: Session) -> None:
    user, manager = make_user(session), headers_of(session, Role.MANAGER)
    theirs = [sign_in(session, user), sign_in(session, user)]

    shown = client.get(f"{USERS}/{user.id}/sessions", headers=manager).json["data"]
    ended = client.delete(f"{USERS}/{user.id}/sessions", headers=manager)

    assert [row["is_current"] for row in shown] == [False, False]
    assert ended.json["data"] == {"ended": 2}
    assert {client.get("/api/v1/me", headers=headers).status_code for headers in theirs} == {401}
    event = session.execute(select(AuditEvent)).scalar_one()
    assert event.action == "SESSIONS_ENDED"
    assert event.context == {"session_ids": sorted(row["id"] for row in shown)}
    assert client.get(f"{USERS}/{user.id}/sessions", headers=manager).json["data"] == []


@pytest.mark.parametrize("change", [("patch", "", {"full_name": "Dana"}), ("patch", "/toggle?active=true", None)])
def test_nothing_of_an_erased_user_is_changed(
    session: Session, client: FlaskClient, change: tuple[str, str, Any]
) -> None:
    method, address, body = change
    admin = headers_of(session, Role.ADMIN)
    user = make_user(session)
    session.commit()
    client.post(f"/api/v1/admin/users/{user.id}/erasure", json={}, headers=admin)

    refused = getattr(client, method)(f"/api/v1/admin/users/{user.id}{address}", json=body, headers=admin)

    assert refused.status_code == 409
    assert refused.json["error"]["code"] == "USER_ERASED"
