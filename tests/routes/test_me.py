"""The user's own profile and membership over HTTP."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import AuditEvent, User
from tests.factories import make_user

ME = "/api/v1/me"


@pytest.fixture
def user(session: Session) -> User:
    return make_user(session, phone="0501112233")


def audited(session: Session) -> list[tuple[object, ...]]:
    rows = session.execute(
        select(AuditEvent.entity_type, AuditEvent.action, AuditEvent.old_value, AuditEvent.new_value).order_by(
            AuditEvent.id
        )
    )
    return [tuple(row) for row in rows]


def test_the_profile_shows_who_one_is(client: FlaskClient, user: User, headers: dict[str, str]) -> None:
    answer = client.get(ME, headers=headers)

    assert answer.json["data"] == {
        "id": user.id,
        "email": user.email,
        "full_name": "Dana Levi",
        "phone": "0501112233",
        "role": "CUSTOMER",
        "membership_tier": "FREE",
        "language": "en",
    }


def test_a_name_in_hebrew_and_a_phone_as_typed_are_kept(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.patch(ME, json={"full_name": " ג׳ורג׳ לוי ", "phone": "050-123 45.67"}, headers=headers)

    assert answer.status_code == 200
    assert (answer.json["data"]["full_name"], answer.json["data"]["phone"]) == ("ג׳ורג׳ לוי", "0501234567")


def test_what_is_left_out_stays_and_what_changed_is_audited(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    answer = client.patch(ME, json={"full_name": "Noa Cohen", "phone": None}, headers=headers)

    assert answer.json["data"]["phone"] == "0501112233"
    assert audited(session) == [
        ("user", "UPDATE_PROFILE", {"full_name": "Dana Levi"}, {"full_name": "Noa Cohen"}),
    ]


def test_a_change_that_changes_nothing_leaves_no_trace(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    answer = client.patch(ME, json={"full_name": "Dana Levi"}, headers=headers)

    assert answer.status_code == 200
    assert audited(session) == []


def test_changing_the_phone_alone_is_audited_as_such(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    answer = client.patch(f"{ME}/phone", json={"phone": "+972 (50) 123-4567"}, headers=headers)

    assert answer.json["data"]["phone"] == "+972501234567"
    assert audited(session) == [("user", "UPDATE_PHONE", {"phone": "0501112233"}, {"phone": "+972501234567"})]


@pytest.mark.parametrize(
    "body", [{"phone": "call me"}, {"full_name": "D"}, {"full_name": "<b>"}, {"role": "ADMIN"}, {"email": "x@y.zz"}]
)
def test_a_faulty_profile_is_refused(client: FlaskClient, headers: dict[str, str], body: dict[str, str]) -> None:
    answer = client.patch(ME, json=body, headers=headers)

    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "VALIDATION_ERROR"


def test_a_membership_is_joined_and_left(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    joined = client.post(f"{ME}/membership", json={"tier": "PREMIUM"}, headers=headers)
    shown = client.get(f"{ME}/membership", headers=headers)
    left = client.post(f"{ME}/membership", json={"tier": "FREE"}, headers=headers)

    assert [answer.json["data"] for answer in (joined, shown, left)] == [
        {"tier": "PREMIUM"},
        {"tier": "PREMIUM"},
        {"tier": "FREE"},
    ]
    assert audited(session)[0] == (
        "user",
        "UPDATE_MEMBERSHIP",
        {"membership_tier": "FREE"},
        {"membership_tier": "PREMIUM"},
    )


def test_an_unknown_tier_is_refused(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.post(f"{ME}/membership", json={"tier": "GOLD"}, headers=headers).status_code == 400


def test_the_profile_is_for_signed_in_users(client: FlaskClient) -> None:
    assert client.get(ME).json["error"]["code"] == "AUTH_REQUIRED"
