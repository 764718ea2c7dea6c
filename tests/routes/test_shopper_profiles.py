"""What shoppers tell of themselves in one go, and a trolley by the number on its sticker."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.domain.enums import SessionOutcome, TrolleyState
from app.models import AuditEvent, User
from tests import factories
from tests.phones import PHONE, bearer, send_code, verify

V1 = "/api/v1"


@pytest.fixture
def proven_addresses(app: Flask) -> Iterator[None]:
    """ENABLE_REGISTRATION_OTP=true."""
    before = app.extensions["settings"]
    app.extensions["settings"] = before.model_copy(update={"enable_registration_otp": True})
    yield
    app.extensions["settings"] = before


def newcomer(session: Session, client: FlaskClient, **more: Any) -> dict[str, str]:
    """Somebody who signed in by phone for the first time."""
    return bearer(verify(client, send_code(client, session), **more).json["data"]["access_token"])


def test_a_profile_ends_the_choice_of_a_role_and_is_told_to_the_audit_trail(
    session: Session, client: FlaskClient
) -> None:
    headers = newcomer(session, client)
    assert client.get(f"{V1}/user/checklist", headers=headers).status_code == 403
    form = {"user_name": "Asha", "email": "asha@example.com", "allergies": ["sesame"]}

    answer = client.post(f"{V1}/auth/complete_profile", json=form, headers=headers)

    assert answer.status_code == 200
    assert answer.json["data"] == {
        "user_id": answer.json["data"]["user_id"],
        "user_name": "Asha",
        "mobilenum": PHONE,
        "email": "asha@example.com",
        "user_foodtype_id": None,
        "allergies": ["sesame", "sesame-seeds"],
        "is_profile_complete": True,
    }
    assert client.get(f"{V1}/user/checklist", headers=headers).status_code == 200
    changed = session.query(AuditEvent).filter_by(action="UPDATE_PROFILE").one()
    assert changed.new_value == {"full_name": "Asha", "role_pending": False, "email": "asha@example.com"}


@pytest.mark.usefixtures("proven_addresses")
def test_where_registration_proves_an_address_so_does_a_profile(session: Session, client: FlaskClient) -> None:
    headers = newcomer(session, client)
    form = {"user_name": "Asha", "email": "asha@example.com"}
    refused = client.post(f"{V1}/auth/complete_profile", json=form, headers=headers)
    assert (refused.status_code, refused.json["error"]["code"]) == (400, "EMAIL_NOT_VERIFIED")
    sent = client.post(f"{V1}/auth/register/send-otp", json={"email": form["email"]}).json["data"]["code"]
    client.post(f"{V1}/auth/register/verify-otp", json={"email": form["email"], "code": sent})

    answer = client.post(f"{V1}/auth/complete_profile", json=form, headers=headers)

    assert answer.json["data"]["email"] == form["email"]


def test_a_refused_profile_changes_nothing(session: Session, client: FlaskClient) -> None:
    user = factories.make_user(session, full_name="Asha")
    form = {"user_name": "Dana", "user_foodtype_id": 10**9}

    answer = client.post(f"{V1}/auth/complete_profile", json=form, headers=factories.sign_in(session, user))

    assert (answer.status_code, answer.json["error"]["code"]) == (404, "FOOD_TYPE_NOT_FOUND")
    session.expire_all()
    assert session.get_one(User, user.id).full_name == "Asha"


def test_who_signs_in_as_a_shopper_need_choose_no_role(session: Session, client: FlaskClient) -> None:
    headers = newcomer(session, client, as_shopper=True)

    assert client.get(f"{V1}/user/checklist", headers=headers).status_code == 200


def test_a_shoppers_first_token_lives_an_hour_and_those_after_it_as_usual(
    session: Session, client: FlaskClient
) -> None:
    tokens = verify(client, send_code(client, session), as_shopper=True).json["data"]

    renewed = client.post(f"{V1}/auth/refresh", json={"refresh_token": tokens["refresh_token"]}).json["data"]

    assert (tokens["expires_in"], renewed["expires_in"]) == (3600, 900)


def test_a_trolley_says_whether_it_is_free_and_ones_own_but_not_whose_it_is(
    session: Session, client: FlaskClient
) -> None:
    trolley = factories.make_trolley(session, factories.make_location(session))
    owner, other = factories.make_user(session), factories.make_user(session)

    def seen(user: User) -> tuple[bool, bool]:
        headers = factories.sign_in(session, user)
        data = client.get(f"{V1}/carts/trolleys/{trolley.id}", headers=headers).json["data"]
        assert data.keys() == {"trolley", "label", "branch_id", "is_free", "is_mine"}
        return data["is_free"], data["is_mine"]

    assert seen(owner) == (True, False)
    opened = factories.make_cart_session(session, trolley, owner)
    assert (seen(owner), seen(other)) == ((False, True), (False, False))
    opened.closed_at, opened.outcome, trolley.state = datetime.now(UTC), SessionOutcome.LEFT, TrolleyState.IDLE
    session.commit()
    assert seen(owner) == (True, False)
    unknown = client.get(f"{V1}/carts/trolleys/{10**9}", headers=factories.sign_in(session, owner))
    assert (unknown.status_code, unknown.json["error"]["code"]) == (404, "TROLLEY_NOT_FOUND")
