"""Registration, sign-in, sign-out and registration codes over HTTP."""

from datetime import timedelta
from typing import Any

import bcrypt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain.enums import Role
from app.models import AuditEvent, OutboxEvent, RegistrationCode, SandboxMessage, User
from app.services import relay
from tests.factories import PASSWORD, make_user, sign_in

AUTH = "/api/v1/auth"
FORM = {"email": "Dana@Example.com", "password": PASSWORD, "full_name": "Dana Levi"}
GOOD = {"email": "dana@example.com", "password": PASSWORD}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def actions(session: Session) -> list[tuple[str, str, int | None]]:
    rows = session.execute(
        select(AuditEvent.entity_type, AuditEvent.action, AuditEvent.entity_id).order_by(AuditEvent.id)
    )
    return [tuple(row) for row in rows]


def test_registering_makes_a_customer_whatever_role_is_asked_for(client: FlaskClient) -> None:
    answer = client.post(f"{AUTH}/register", json={**FORM, "role": "ADMIN"})

    assert answer.status_code == 201
    assert answer.json["data"]["user"]["role"] == "CUSTOMER"
    assert answer.json["data"]["user"]["email"] == "dana@example.com"


def test_a_registration_is_audited(client: FlaskClient, session: Session) -> None:
    user_id = client.post(f"{AUTH}/register", json=FORM).json["data"]["user"]["id"]

    assert ("user", "REGISTER", user_id) in actions(session)


def test_an_address_registers_once_whatever_its_case(client: FlaskClient) -> None:
    client.post(f"{AUTH}/register", json=FORM)

    answer = client.post(f"{AUTH}/register", json={**FORM, "email": "DANA@EXAMPLE.COM"})

    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "USER_EXISTS"


@pytest.mark.parametrize(
    "change",
    [
        {"password": "short-1"},
        {"password": "no-digit-here"},
        {"password": "1234567890"},
        {"password": "sunny day 7"},
        {"full_name": "D"},
        {"full_name": "Dana <b>"},
        {"full_name": "D" * 51},
        {"email": "dana"},
        {"phone": "12"},
        {"surprise": "field"},
    ],
)
def test_a_faulty_registration_is_refused_without_echoing_it(client: FlaskClient, change: dict[str, str]) -> None:
    answer = client.post(f"{AUTH}/register", json={**FORM, **change})

    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "VALIDATION_ERROR"
    assert answer.json["error"]["details"]["errors"][0]["loc"] == ["body", next(iter(change))]
    assert "sunny day 7" not in answer.text


def test_signing_in_answers_who_it_is_and_a_pair_of_tokens_no_cache_may_keep(
    client: FlaskClient, session: Session
) -> None:
    user = make_user(session, email=GOOD["email"], password=PASSWORD, role=Role.MANAGER)

    answer = client.post(f"{AUTH}/login", json=GOOD)

    assert answer.json["data"]["user"] == {
        "id": user.id,
        "email": "dana@example.com",
        "full_name": "Dana Levi",
        "role": "MANAGER",
    }
    assert set(answer.json["data"]) == {"user", "access_token", "refresh_token", "expires_at", "expires_in"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert actions(session) == [("user_login", "LOGIN_SUCCESS", user.id)]
    assert session.execute(select(AuditEvent.actor_user_id)).scalar_one() == user.id


def test_a_wrong_password_is_a_400_and_never_a_401(client: FlaskClient, session: Session) -> None:
    user = make_user(session, email=GOOD["email"], password=PASSWORD)

    answer = client.post(f"{AUTH}/login", json={**GOOD, "password": "not-this-1"})

    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "INVALID_CREDENTIALS"
    assert actions(session) == [("user_login", "LOGIN_FAILURE", user.id)]


def test_wrong_password_unknown_address_and_blocked_user_look_alike(client: FlaskClient, session: Session) -> None:
    make_user(session, email=GOOD["email"], password=PASSWORD)
    make_user(session, email="blocked@example.com", password=PASSWORD, is_active=False)

    answers = [
        client.post(f"{AUTH}/login", json={**GOOD, "password": "not-this-1"}),
        client.post(f"{AUTH}/login", json={**GOOD, "email": "nobody@example.com"}),
        client.post(f"{AUTH}/login", json={**GOOD, "email": "blocked@example.com"}),
    ]

    assert {(answer.status_code, answer.text) for answer in answers} == {(400, answers[0].text)}
    assert [action for _, action, _ in actions(session)] == ["LOGIN_FAILURE"] * 3


def test_a_user_without_a_password_cannot_sign_in_with_one(client: FlaskClient, session: Session) -> None:
    make_user(session, email=GOOD["email"])

    answer = client.post(f"{AUTH}/login", json=GOOD)

    assert answer.json["error"]["code"] == "INVALID_CREDENTIALS"


def test_an_old_bcrypt_hash_is_accepted_and_replaced_by_argon2id(client: FlaskClient, session: Session) -> None:
    user = make_user(session, email=GOOD["email"])
    old = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    session.execute(update(User).values(password_hash=old))
    session.commit()

    first = client.post(f"{AUTH}/login", json=GOOD)
    second = client.post(f"{AUTH}/login", json=GOOD)

    stored = session.execute(select(User.password_hash).where(User.id == user.id)).scalar_one()
    assert (first.status_code, second.status_code) == (200, 200)
    assert stored.startswith("$argon2id$")


@pytest.mark.parametrize("password", ["sunny-day-7\x00", "é" * 40])
def test_a_password_bcrypt_cannot_read_is_just_a_wrong_one(
    client: FlaskClient, session: Session, password: str
) -> None:
    make_user(session, email=GOOD["email"])
    old = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    session.execute(update(User).values(password_hash=old))
    session.commit()

    answer = client.post(f"{AUTH}/login", json={**GOOD, "password": password})

    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "INVALID_CREDENTIALS"


def test_the_authorize_button_signs_in_with_a_form_and_a_bare_answer(client: FlaskClient, session: Session) -> None:
    make_user(session, email=GOOD["email"], password=PASSWORD)
    form = {"grant_type": "password", "username": "Dana@example.com", "password": PASSWORD, "scope": ""}

    answer = client.post(f"{AUTH}/token", data=form)

    assert answer.status_code == 200
    assert set(answer.json) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("bearer", 240 * 60)
    assert client.get(f"{AUTH}/me", headers=bearer(answer.json["access_token"])).status_code == 200


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"username": GOOD["email"], "password": "not-this-1"}, "INVALID_CREDENTIALS"),
        ({"username": GOOD["email"]}, "VALIDATION_ERROR"),
        ({"username": GOOD["email"], "password": PASSWORD, "grant_type": "implicit"}, "VALIDATION_ERROR"),
    ],
)
def test_a_refused_form_answers_in_the_envelope(
    client: FlaskClient, session: Session, form: dict[str, str], code: str
) -> None:
    make_user(session, email=GOOD["email"], password=PASSWORD)

    answer = client.post(f"{AUTH}/token", data=form)

    assert answer.status_code == 400
    assert answer.json["error"]["code"] == code


@pytest.mark.parametrize("sent", [{}, {"json": {}}, {"data": "null", "content_type": "application/json"}])
def test_signing_out_takes_any_body_or_none_and_ends_both_tokens(
    client: FlaskClient, session: Session, sent: dict[str, Any]
) -> None:
    make_user(session, email=GOOD["email"], password=PASSWORD)
    tokens = client.post(f"{AUTH}/login", json=GOOD).json["data"]

    answer = client.post(f"{AUTH}/logout", headers=bearer(tokens["access_token"]), **sent)

    assert answer.status_code == 200
    assert client.get(f"{AUTH}/me", headers=bearer(tokens["access_token"])).status_code == 401
    assert client.post(f"{AUTH}/refresh", headers=bearer(tokens["refresh_token"])).status_code == 401


def test_signing_out_leaves_the_other_devices_signed_in(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    here, there = sign_in(session, user), sign_in(session, user)

    client.post(f"{AUTH}/logout", headers=here)

    assert client.get(f"{AUTH}/me", headers=there).status_code == 200


def send_code(client: FlaskClient) -> str:
    return str(client.post(f"{AUTH}/register/send-otp", json={"email": "Dana@Example.com"}).json["data"]["code"])


def verify(client: FlaskClient, code: str) -> Any:
    return client.post(f"{AUTH}/register/verify-otp", json={"email": "dana@example.com", "code": code})


def test_a_long_address_gets_its_code_too(client: FlaskClient, session: Session) -> None:
    address = f"{'d' * 59}@{'shop' * 8}.example"

    answer = client.post(f"{AUTH}/register/send-otp", json={"email": address})

    assert len(address) == 100
    assert answer.status_code == 200, answer.json
    assert relay.relay_due() == 1
    assert session.scalar(select(func.count()).where(SandboxMessage.recipient == address)) == 1


def test_a_registration_code_is_mailed_and_proves_the_address_once(client: FlaskClient, session: Session) -> None:
    code = send_code(client)

    first, second = verify(client, code), verify(client, code)

    event = session.execute(select(OutboxEvent)).scalar_one()
    payload = {"email": "dana@example.com", "code": code, "language": None}
    assert (event.topic, event.payload) == ("registration.code", payload)
    assert 1000 <= int(code) <= 9999
    assert (first.status_code, second.status_code) == (200, 400)
    assert second.json["error"]["code"] == "INVALID_REGISTRATION_OTP"


def test_a_new_code_replaces_the_one_before(client: FlaskClient, session: Session) -> None:
    old = send_code(client)
    session.execute(update(RegistrationCode).values(code_hash="another"))
    session.commit()
    new = send_code(client)

    assert session.execute(select(RegistrationCode.email)).scalars().all() == ["dana@example.com"]
    assert old == new or verify(client, old).status_code == 400
    assert verify(client, new).status_code == 200


def test_after_five_wrong_tries_the_right_code_is_too_late(client: FlaskClient) -> None:
    code = send_code(client)
    wrong = "1000" if code != "1000" else "1001"

    tries = [verify(client, wrong).status_code for _ in range(5)]

    assert tries == [400] * 5
    assert verify(client, code).status_code == 400


def test_an_expired_code_is_refused(client: FlaskClient, session: Session) -> None:
    code = send_code(client)
    session.execute(update(RegistrationCode).values(expires_at=RegistrationCode.expires_at - timedelta(minutes=11)))
    session.commit()

    assert verify(client, code).status_code == 400


def test_no_code_is_sent_to_an_address_with_an_account(client: FlaskClient, session: Session) -> None:
    make_user(session, email="dana@example.com")

    answer = client.post(f"{AUTH}/register/send-otp", json={"email": "dana@example.com"})

    assert answer.status_code == 409
    assert answer.json["error"]["code"] == "USER_ALREADY_EXISTS"


def test_with_codes_switched_on_registration_needs_a_proven_address(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app.extensions["settings"].model_copy(update={"enable_registration_otp": True})
    monkeypatch.setitem(app.extensions, "settings", settings)

    unproven = client.post(f"{AUTH}/register", json=FORM)
    verify(client, send_code(client))
    proven = client.post(f"{AUTH}/register", json=FORM)

    assert (unproven.status_code, unproven.json["error"]["code"]) == (400, "EMAIL_NOT_VERIFIED")
    assert proven.status_code == 201


def test_production_neither_shows_codes_nor_sends_them_unless_switched_on(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app.extensions["settings"].model_copy(update={"app_env": "production"})
    monkeypatch.setitem(app.extensions, "settings", settings)
    refused = client.post(f"{AUTH}/register/send-otp", json={"email": "dana@example.com"})
    monkeypatch.setitem(app.extensions, "settings", settings.model_copy(update={"enable_registration_otp": True}))
    hidden = client.post(f"{AUTH}/register/send-otp", json={"email": "dana@example.com"})

    assert (refused.status_code, refused.json["error"]["code"]) == (403, "OTP_NOT_ENVIRONMENT")
    assert hidden.json["data"]["code"] is None
