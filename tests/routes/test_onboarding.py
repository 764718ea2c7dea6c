"""Choosing a role and a place, and consumers' profiles, over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import OrderStatus, Role
from app.models import AuditEvent, ConsumerProfile, User
from tests.conftest import Statements
from tests.factories import make_consumer, make_shop, make_shop_order, make_user, sign_in
from tests.market import fill_wallet
from tests.phones import PHONE, V1, bearer, sign_in_by_phone

BASIC = f"{V1}/onboarding/basic"
CONSUMER = f"{V1}/consumer"
FORM = {"name": "Asha Rao", "city": "Pune", "society": "Rose Garden", "role": "consumer"}
MORE = {
    "flat_number": "B-204",
    "profile_image_url": "https://pictures.example.com/asha.jpg",
    "gender": "female",
    "date_of_birth": "1990-05-17",
    "preferred_language": "Marathi",
}


@pytest.fixture
def newcomer(client: FlaskClient, session: Session) -> dict[str, str]:
    """Headers of somebody who has just signed in by phone for the first time."""
    return bearer(sign_in_by_phone(client, session)["access_token"])


@pytest.fixture
def consumer(session: Session) -> dict[str, str]:
    """Headers of a consumer who has done the basic onboarding."""
    return sign_in(session, make_consumer(session, phone=PHONE, full_name="Asha Rao"))


def error_of(answer: Any) -> tuple[int, str, str]:
    error = answer.json["error"]
    return answer.status_code, error["code"], error["message"]


def own(client: FlaskClient, headers: dict[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = client.get(f"{V1}/profile/me", headers=headers).json["data"]
    return data


@pytest.mark.parametrize(("word", "role"), [("consumer", "CUSTOMER"), ("vendor", "VENDOR")])
def test_a_newcomer_chooses_a_role_and_a_place(
    client: FlaskClient, newcomer: dict[str, str], word: str, role: str
) -> None:
    answer = client.post(BASIC, json={**FORM, "role": word, "id": 7}, headers=newcomer)

    assert answer.json == {"data": {"message": "Basic onboarding complete"}}
    assert own(client, newcomer) == {
        "name": "Asha Rao",
        "phone": PHONE,
        "email": None,
        "city": "Pune",
        "society": "Rose Garden",
        "role": role,
        "basic_onboarding_done": True,
    }


def test_the_choice_opens_the_rooms_of_the_role_at_once(client: FlaskClient, newcomer: dict[str, str]) -> None:
    client.post(BASIC, json=FORM, headers=newcomer)

    assert client.post(f"{CONSUMER}/onboarding", json=MORE, headers=newcomer).status_code == 200


def test_the_next_sign_in_knows_that_the_onboarding_is_done(
    client: FlaskClient, session: Session, newcomer: dict[str, str]
) -> None:
    client.post(BASIC, json=FORM, headers=newcomer)

    assert sign_in_by_phone(client, session)["basic_onboarding_done"] is True


def test_repeating_changes_nothing(client: FlaskClient, session: Session, newcomer: dict[str, str]) -> None:
    client.post(BASIC, json=FORM, headers=newcomer)
    before = own(client, newcomer)

    answer = client.post(BASIC, json={**FORM, "name": "Eve", "role": "vendor"}, headers=newcomer)

    assert (answer.status_code, answer.json) == (200, {"data": {"message": "Basic onboarding already complete"}})
    assert own(client, newcomer) == before
    assert session.execute(select(AuditEvent.action).where(AuditEvent.action == "ONBOARDED")).all() == [("ONBOARDED",)]


def test_the_choice_is_audited(client: FlaskClient, session: Session, newcomer: dict[str, str]) -> None:
    client.post(BASIC, json={**FORM, "role": "vendor"}, headers=newcomer)

    row = session.execute(
        select(AuditEvent.old_value, AuditEvent.new_value).where(AuditEvent.action == "ONBOARDED")
    ).one()
    assert (row.old_value["role"], row.new_value["role"]) == ("CUSTOMER", "VENDOR")
    assert row.new_value["role_pending"] is False


@pytest.mark.parametrize(
    "role", ["admin", "ADMIN", "Admin", "manager", "employee", "CUSTOMER", "VENDOR", "", None, ["admin"], "vendor\x00"]
)
def test_nobody_becomes_anything_else(
    client: FlaskClient, session: Session, newcomer: dict[str, str], role: Any
) -> None:
    answer = client.post(BASIC, json={**FORM, "role": role}, headers=newcomer)

    user = session.execute(select(User)).scalar_one()
    assert error_of(answer)[:2] == (400, "VALIDATION_ERROR")
    assert (user.role, user.role_pending) == (Role.CUSTOMER, True)


def test_further_fields_give_no_rights(client: FlaskClient, session: Session, newcomer: dict[str, str]) -> None:
    more = {"is_active": True, "role_pending": True, "roles": ["ADMIN"], "user_id": 1, "membership_tier": "PREMIUM"}

    client.post(BASIC, json={**FORM, **more}, headers=newcomer)

    user = session.execute(select(User)).scalar_one()
    assert (user.role, user.role_pending, user.membership_tier) == (Role.CUSTOMER, False, "FREE")


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.MANAGER, Role.ADMIN])
@pytest.mark.parametrize("word", ["consumer", "vendor"])
def test_staff_keep_their_role(client: FlaskClient, session: Session, role: Role, word: str) -> None:
    user = make_user(session, role=role)

    answer = client.post(BASIC, json={**FORM, "role": word}, headers=sign_in(session, user))

    session.refresh(user)
    assert error_of(answer)[:2] == (403, "AUTHORIZATION_ERROR")
    assert (user.role, user.city) == (role, None)


def test_staff_who_were_consumers_once_are_refused_too(client: FlaskClient, session: Session) -> None:
    user = make_consumer(session, role=Role.EMPLOYEE, email="amir@example.com")

    answer = client.post(BASIC, json=FORM, headers=sign_in(session, user))

    assert error_of(answer)[:2] == (403, "AUTHORIZATION_ERROR")


def test_a_customer_of_the_supermarket_may_become_a_vendor_once(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    headers = sign_in(session, user)

    first = client.post(BASIC, json={**FORM, "role": "vendor"}, headers=headers)
    second = client.post(BASIC, json=FORM, headers=headers)

    session.refresh(user)
    assert (first.status_code, second.status_code) == (200, 200)
    assert user.role is Role.VENDOR


def test_but_not_while_there_is_money_in_the_wallet(client: FlaskClient, session: Session) -> None:
    customer = make_user(session)
    headers = sign_in(session, customer)
    fill_wallet(session, customer, "0.01")

    refused = client.post(BASIC, json={**FORM, "role": "vendor"}, headers=headers)
    stays = client.post(BASIC, json=FORM, headers=headers)

    assert error_of(refused)[:2] == (409, "STILL_A_CUSTOMER")
    assert stays.status_code == 200
    assert own(client, headers)["role"] == "CUSTOMER"


@pytest.mark.parametrize(("status", "code"), [("PENDING", 409), ("DELIVERED", 200), ("CANCELED", 200)])
def test_nor_while_an_order_is_on_its_way(client: FlaskClient, session: Session, status: str, code: int) -> None:
    customer = make_user(session)
    make_shop_order(session, customer, make_shop(session), status=OrderStatus(status))

    answer = client.post(BASIC, json={**FORM, "role": "vendor"}, headers=sign_in(session, customer))

    assert answer.status_code == code


@pytest.mark.parametrize(("word", "status"), [("vendor", 200), ("consumer", 403)])
def test_a_vendor_without_a_place_gives_one_and_stays_a_vendor(
    client: FlaskClient, session: Session, word: str, status: int
) -> None:
    user = make_user(session, role=Role.VENDOR)

    answer = client.post(BASIC, json={**FORM, "role": word}, headers=sign_in(session, user))

    session.refresh(user)
    assert answer.status_code == status
    assert user.role is Role.VENDOR


@pytest.mark.parametrize("field", ["name", "city", "society"])
@pytest.mark.parametrize("value", ["", "   ", None, 7, "x" * 101, "a\x00b", "a\nb", "missing"])
def test_names_are_needed_and_bounded(client: FlaskClient, newcomer: dict[str, str], field: str, value: object) -> None:
    body = {name: kept for name, kept in FORM.items() if value != "missing" or name != field}
    if value != "missing":
        body[field] = value  # type: ignore[assignment]

    answer = client.post(BASIC, json=body, headers=newcomer)

    assert error_of(answer)[:2] == (400, "VALIDATION_ERROR")
    assert answer.json["error"]["details"]["errors"][0]["loc"] == ["body", field]


def test_names_are_trimmed(client: FlaskClient, newcomer: dict[str, str]) -> None:
    client.post(BASIC, json={**FORM, "name": "  Asha   Rao ", "city": " " + "x" * 100}, headers=newcomer)

    assert (own(client, newcomer)["name"], own(client, newcomer)["city"]) == ("Asha Rao", "x" * 100)


def test_the_own_profile_is_for_every_role(client: FlaskClient, session: Session) -> None:
    answers = [client.get(f"{V1}/profile/me", headers=sign_in(session, make_user(session, role=role))) for role in Role]

    assert [answer.json["data"]["role"] for answer in answers] == list(Role)


def profile(client: FlaskClient, headers: dict[str, str]) -> Any:
    return client.get(f"{CONSUMER}/profile/me", headers=headers)


def edit(client: FlaskClient, headers: dict[str, str], **body: Any) -> Any:
    return client.post(f"{CONSUMER}/profile/edit", json=body, headers=headers)


def test_a_consumer_tells_more_about_themselves(client: FlaskClient, consumer: dict[str, str]) -> None:
    answer = client.post(f"{CONSUMER}/onboarding", json=MORE, headers=consumer)

    assert answer.json == {"data": {"message": "Consumer onboarding done"}}
    assert profile(client, consumer).json["data"] == {
        "name": "Asha Rao",
        "phone": PHONE,
        "city": "Pune",
        "society": "Rose Garden",
        **MORE,
    }


@pytest.mark.parametrize("sent", [{}, {"json": {}}, {"data": "null", "content_type": "application/json"}])
def test_a_consumer_need_not_tell_anything(client: FlaskClient, consumer: dict[str, str], sent: dict[str, Any]) -> None:
    client.post(f"{CONSUMER}/onboarding", headers=consumer, **sent)

    data = profile(client, consumer).json["data"]
    assert {data[name] for name in MORE} == {None}


def test_blank_fields_of_a_form_are_nothing(client: FlaskClient, session: Session, consumer: dict[str, str]) -> None:
    client.post(f"{CONSUMER}/onboarding", json=dict.fromkeys(MORE, ""), headers=consumer)

    kept = session.execute(select(ConsumerProfile)).scalar_one()
    assert {getattr(kept, name) for name in MORE} == {None}


def test_a_consumer_is_onboarded_once(client: FlaskClient, consumer: dict[str, str]) -> None:
    client.post(f"{CONSUMER}/onboarding", json=MORE, headers=consumer)

    answer = client.post(f"{CONSUMER}/onboarding", json={"gender": "other"}, headers=consumer)

    assert error_of(answer) == (409, "ROLE_ONBOARDING_DONE", "Role onboarding already done")
    assert profile(client, consumer).json["data"]["gender"] == "female"


def test_the_basic_onboarding_comes_first(client: FlaskClient, session: Session) -> None:
    headers = sign_in(session, make_user(session))

    answer = client.post(f"{CONSUMER}/onboarding", json=MORE, headers=headers)

    assert error_of(answer) == (409, "BASIC_ONBOARDING_INCOMPLETE", "Basic onboarding incomplete")


def test_without_a_profile_there_is_nothing_to_show_or_to_change(client: FlaskClient, consumer: dict[str, str]) -> None:
    answers = [profile(client, consumer), edit(client, consumer, gender="other")]

    assert [error_of(answer) for answer in answers] == [(404, "NOT_FOUND", "Consumer profile not found")] * 2


def test_a_profile_is_shown_by_one_statement_beside_that_of_the_guard(
    client: FlaskClient, consumer: dict[str, str], statements: Statements
) -> None:
    client.post(f"{CONSUMER}/onboarding", json=MORE, headers=consumer)
    statements.clear()

    profile(client, consumer)

    assert len(statements) == 2


@pytest.mark.parametrize(
    "fault",
    [
        {"flat_number": "x" * 51},
        {"gender": "x" * 11},
        {"preferred_language": "x" * 21},
        {"preferred_language": 7},
        {"flat_number": "a\x00b"},
        {"profile_image_url": "javascript:alert(1)"},
        {"profile_image_url": "ftp://example.com/a.jpg"},
        {"profile_image_url": "data:image/png;base64,AAAA"},
        {"profile_image_url": "pictures/a.jpg"},
        {"profile_image_url": "https://" + "x" * 248},
        {"date_of_birth": "17.05.1990"},
        {"date_of_birth": "1990-02-30"},
        {"date_of_birth": "1990-05-17T08:00:00Z"},
        {"date_of_birth": 643507200},
        {"date_of_birth": "643507200"},
        {"date_of_birth": "1899-12-31"},
        {"date_of_birth": datetime.now(UTC).date().isoformat()},
        {"date_of_birth": (datetime.now(UTC) + timedelta(days=400)).date().isoformat()},
    ],
)
@pytest.mark.parametrize("path", ["onboarding", "profile/edit"])
def test_what_a_consumer_tells_is_bounded(
    client: FlaskClient, consumer: dict[str, str], path: str, fault: dict[str, object]
) -> None:
    answer = client.post(f"{CONSUMER}/{path}", json=fault, headers=consumer)

    assert error_of(answer)[:2] == (400, "VALIDATION_ERROR")
    assert answer.json["error"]["details"]["errors"][0]["loc"][:2] == ["body", next(iter(fault))]


def test_who_was_born_yesterday_is_taken(client: FlaskClient, consumer: dict[str, str]) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()

    assert client.post(f"{CONSUMER}/onboarding", json={"date_of_birth": yesterday}, headers=consumer).status_code == 200


def test_an_edit_changes_what_it_names_and_leaves_the_rest(client: FlaskClient, consumer: dict[str, str]) -> None:
    client.post(f"{CONSUMER}/onboarding", json=MORE, headers=consumer)

    answer = edit(client, consumer, flat_number="C-1", gender=None, date_of_birth="")

    data = profile(client, consumer).json["data"]
    assert answer.json == {"data": {"message": "Profile updated"}}
    assert {name: data[name] for name in MORE} == {**MORE, "flat_number": "C-1", "gender": None, "date_of_birth": None}


def test_the_whole_object_may_be_posted_back(client: FlaskClient, consumer: dict[str, str]) -> None:
    client.post(f"{CONSUMER}/onboarding", json=MORE, headers=consumer)
    whole = profile(client, consumer).json["data"]

    answer = edit(client, consumer, **{**whole, "name": "Asha R", "society": "Lake View", "phone": "+919876500000"})

    assert answer.status_code == 200
    assert profile(client, consumer).json["data"] == {**whole, "name": "Asha R", "society": "Lake View"}
    assert own(client, consumer)["society"] == "Lake View"


@pytest.mark.parametrize("value", [None, "", "  "])
def test_name_and_place_cannot_be_taken_away(client: FlaskClient, consumer: dict[str, str], value: str | None) -> None:
    client.post(f"{CONSUMER}/onboarding", json=MORE, headers=consumer)
    before = profile(client, consumer).json["data"]

    answer = edit(client, consumer, name=value, city=value, society=value)

    assert answer.status_code == 200
    assert profile(client, consumer).json["data"] == before


@pytest.mark.parametrize(("field", "length"), [("name", 101), ("city", 51), ("society", 101)])
def test_name_and_place_stay_bounded(client: FlaskClient, consumer: dict[str, str], field: str, length: int) -> None:
    assert error_of(edit(client, consumer, **{field: "x" * length}))[:2] == (400, "VALIDATION_ERROR")


def test_an_edit_is_audited_once_and_only_if_something_changed(
    client: FlaskClient, session: Session, consumer: dict[str, str]
) -> None:
    client.post(f"{CONSUMER}/onboarding", json=MORE, headers=consumer)

    edit(client, consumer, gender="other", society="Lake View")
    edit(client, consumer, gender="other", society="Lake View")

    row = session.execute(
        select(AuditEvent.old_value, AuditEvent.new_value).where(AuditEvent.action == "UPDATE_PROFILE")
    ).one()
    assert row.old_value == {"society": "Rose Garden", "gender": "female"}
    assert row.new_value == {"society": "Lake View", "gender": "other"}


def test_everybody_sees_and_changes_their_own_profile_only(
    client: FlaskClient, session: Session, consumer: dict[str, str]
) -> None:
    other = sign_in(session, make_consumer(session))
    for headers in (consumer, other):
        client.post(f"{CONSUMER}/onboarding", json=MORE, headers=headers)

    edit(client, other, gender="other", user_id=1, id=1)

    assert profile(client, consumer).json["data"]["gender"] == "female"
    assert profile(client, other).json["data"]["gender"] == "other"
