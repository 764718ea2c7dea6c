"""Changing, forgetting and resetting a password over HTTP."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import AuditEvent, OutboxEvent, PasswordReset, User
from tests.factories import PASSWORD, make_user, sign_in

AUTH = "/api/v1/auth"
NEW = "rainy-night-8"
EMAIL = "dana@example.com"
CHANGE = {"current_password": PASSWORD, "new_password": NEW}


@pytest.fixture
def user(session: Session) -> User:
    return make_user(session, email=EMAIL, password=PASSWORD)


def login(client: FlaskClient, password: str) -> int:
    return int(client.post(f"{AUTH}/login", json={"email": EMAIL, "password": password}).status_code)


def forget(client: FlaskClient, email: str = EMAIL) -> Any:
    return client.post(f"{AUTH}/forgot-password", json={"email": email})


def reset(client: FlaskClient, token: str, *, email: str = EMAIL, password: str = NEW) -> Any:
    return client.post(f"{AUTH}/reset-password", json={"email": email, "token": token, "new_password": password})


def test_changing_the_password_ends_every_session_of_the_user_and_of_nobody_else(
    client: FlaskClient, session: Session, user: User
) -> None:
    here, there, stranger = sign_in(session, user), sign_in(session, user), sign_in(session, make_user(session))

    answer = client.post(f"{AUTH}/change-password", json=CHANGE, headers=here)

    assert answer.status_code == 200
    assert [client.get(f"{AUTH}/me", headers=who).status_code for who in (here, there, stranger)] == [401, 401, 200]
    assert (login(client, PASSWORD), login(client, NEW)) == (400, 200)


def test_changing_the_password_is_audited_without_it(client: FlaskClient, session: Session, user: User) -> None:
    client.post(f"{AUTH}/change-password", json=CHANGE, headers=sign_in(session, user))

    event = session.execute(select(AuditEvent)).scalar_one()
    assert (event.entity_type, event.action, event.entity_id, event.actor_user_id) == (
        "user",
        "CHANGE_PASSWORD",
        user.id,
        user.id,
    )
    assert (event.old_value, event.new_value) == (None, None)


def test_a_wrong_current_password_is_a_400_and_changes_nothing(
    client: FlaskClient, session: Session, user: User
) -> None:
    headers = sign_in(session, user)

    answer = client.post(f"{AUTH}/change-password", json={**CHANGE, "current_password": "not-this-1"}, headers=headers)

    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "INVALID_CREDENTIALS"
    assert client.get(f"{AUTH}/me", headers=headers).status_code == 200
    assert login(client, PASSWORD) == 200


def test_guessing_the_current_password_is_slowed_down(client: FlaskClient, session: Session, user: User) -> None:
    headers = sign_in(session, user)
    guess = {**CHANGE, "current_password": "not-this-1"}

    answers = [client.post(f"{AUTH}/change-password", json=guess, headers=headers) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [400] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_a_weak_new_password_is_refused(client: FlaskClient, session: Session, user: User) -> None:
    answer = client.post(
        f"{AUTH}/change-password", json={**CHANGE, "new_password": "allletters"}, headers=sign_in(session, user)
    )

    assert answer.json["error"]["code"] == "VALIDATION_ERROR"


def test_a_forgotten_password_is_answered_by_mail_with_a_link(
    client: FlaskClient, session: Session, user: User
) -> None:
    answer = forget(client)

    token = answer.json["data"]["reset_token"]
    event = session.execute(select(OutboxEvent)).scalar_one()
    assert event.topic == "password.reset"
    assert event.payload == {
        "email": EMAIL,
        "token": token,
        "link": f"http://localhost:5173/reset-password?token={token}",
    }
    assert token not in session.execute(select(PasswordReset.token_hash)).scalar_one()


def test_forgetting_answers_alike_for_known_unknown_and_blocked_addresses(
    client: FlaskClient, session: Session, user: User
) -> None:
    make_user(session, email="blocked@example.com", is_active=False)

    answers = [forget(client, email) for email in (EMAIL, "nobody@example.com", "blocked@example.com")]

    shapes = {(a.status_code, a.json["data"]["message"], len(a.json["data"]["reset_token"])) for a in answers}
    assert len(shapes) == 1
    assert session.execute(select(OutboxEvent.aggregate)).scalars().all() == [f"user:{user.id}"]


def test_asking_twice_leaves_the_last_link_alone_alive(client: FlaskClient, user: User) -> None:
    first = forget(client).json["data"]["reset_token"]
    second = forget(client).json["data"]["reset_token"]

    assert reset(client, first).status_code == 400
    assert reset(client, second).status_code == 200


def test_resetting_sets_the_password_ends_every_session_and_uses_up_the_token(
    client: FlaskClient, session: Session, user: User
) -> None:
    headers = sign_in(session, user)
    token = forget(client).json["data"]["reset_token"]

    answer = reset(client, token)

    assert answer.status_code == 200
    assert client.get(f"{AUTH}/me", headers=headers).status_code == 401
    assert reset(client, token).json["error"]["code"] == "INVALID_OR_EXPIRED_TOKEN"
    assert (login(client, PASSWORD), login(client, NEW)) == (400, 200)


def test_forgetting_and_resetting_are_audited(client: FlaskClient, session: Session, user: User) -> None:
    reset(client, forget(client).json["data"]["reset_token"])

    rows = session.execute(
        select(AuditEvent.entity_type, AuditEvent.action, AuditEvent.entity_id, AuditEvent.actor_user_id).order_by(
            AuditEvent.id
        )
    ).all()
    assert [tuple(row) for row in rows] == [
        ("user_password_reset", "FORGOT_PASSWORD_REQUEST", user.id, None),
        ("user_password_reset", "RESET_PASSWORD", user.id, user.id),
    ]


def test_a_wrong_token_an_unknown_address_and_anothers_token_look_alike(
    client: FlaskClient, session: Session, user: User
) -> None:
    make_user(session, email="other@example.com", password=PASSWORD)
    token = forget(client).json["data"]["reset_token"]

    answers = [
        reset(client, "wrong-token"),
        reset(client, token, email="nobody@example.com"),
        reset(client, token, email="other@example.com"),
    ]

    assert {(answer.status_code, answer.text) for answer in answers} == {(400, answers[0].text)}
    assert answers[0].json["error"]["code"] == "INVALID_OR_EXPIRED_TOKEN"
    assert login(client, PASSWORD) == 200


def test_a_link_past_its_half_hour_is_refused(client: FlaskClient, session: Session, user: User) -> None:
    token = forget(client).json["data"]["reset_token"]
    session.execute(update(PasswordReset).values(expires_at="2026-01-01T00:00:00Z"))
    session.commit()

    assert reset(client, token).json["error"]["code"] == "INVALID_OR_EXPIRED_TOKEN"


def test_changing_the_password_makes_a_mailed_link_useless(client: FlaskClient, session: Session, user: User) -> None:
    token = forget(client).json["data"]["reset_token"]
    client.post(f"{AUTH}/change-password", json=CHANGE, headers=sign_in(session, user))

    assert reset(client, token, password="another-pass-9").status_code == 400


def test_resetting_lets_a_slowed_down_user_back_in(client: FlaskClient, user: User) -> None:
    failures = [login(client, "not-this-1") for _ in range(5)]
    before = login(client, PASSWORD)

    reset(client, forget(client).json["data"]["reset_token"])

    assert (failures, before, login(client, NEW)) == ([400] * 5, 429, 200)


def test_production_answers_without_the_token(
    app: Flask, client: FlaskClient, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app.extensions["settings"].model_copy(update={"app_env": "production"})
    monkeypatch.setitem(app.extensions, "settings", settings)

    assert forget(client).json["data"]["reset_token"] is None
