"""`flask create-admin`: the way to the first admin."""

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import Role
from app.models import AuditEvent, User
from tests.factories import PASSWORD, make_user, sign_in

EMAIL = "dana@example.com"


def create_admin(app: Flask, *args: str, typed: str = "") -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["create-admin", *args], input=typed)
    return result.exit_code, result.output


def role_of(session: Session, email: str = EMAIL) -> Role | None:
    return session.execute(select(User.role).where(User.email == email)).scalar_one_or_none()


def test_a_password_typed_twice_makes_an_admin_who_can_sign_in(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    code, printed = create_admin(app, "Dana@Example.com", "--name", "Dana Katz", typed=f"{PASSWORD}\n{PASSWORD}\n")

    signed_in = client.post("/api/v1/auth/login", json={"email": EMAIL, "password": PASSWORD}).json["data"]
    assert code == 0
    assert printed.endswith("dana@example.com is an ADMIN.\n")
    assert PASSWORD not in printed
    assert (signed_in["user"]["role"], signed_in["user"]["full_name"]) == ("ADMIN", "Dana Katz")


def test_making_an_admin_is_audited(app: Flask, session: Session) -> None:
    create_admin(app, EMAIL, "--password-stdin", typed=f"{PASSWORD}\n")

    event = session.execute(select(AuditEvent)).scalar_one()
    assert (event.entity_type, event.action, event.actor_user_id) == ("User", "USER_CREATED", None)
    assert event.new_value == {"email": EMAIL, "full_name": "Administrator", "role": "ADMIN"}
    assert event.context == {"by": "flask create-admin"}


def test_a_password_from_standard_input_is_not_asked_for(app: Flask, session: Session) -> None:
    code, printed = create_admin(app, EMAIL, "--password-stdin", typed=PASSWORD)

    assert (code, printed) == (0, f"{EMAIL} is an ADMIN.\n")
    assert role_of(session) is Role.ADMIN


def test_two_different_passwords_are_asked_for_again(app: Flask, session: Session) -> None:
    code, printed = create_admin(app, EMAIL, typed=f"{PASSWORD}\nother-pass-1\n")

    assert code == 1
    assert "do not match" in printed
    assert role_of(session) is None


def test_a_weak_password_is_refused_in_one_line_that_does_not_repeat_it(app: Flask, session: Session) -> None:
    code, printed = create_admin(app, EMAIL, "--password-stdin", typed="onlyletters\n")

    assert (code, printed) == (1, "Error: password needs at least one letter and one digit\n")
    assert role_of(session) is None


def test_a_malformed_address_is_refused_before_a_password_is_asked_for(app: Flask, session: Session) -> None:
    assert create_admin(app, "nobody-at-home") == (1, "Error: email must look like name@example.com\n")


def test_a_taken_address_is_refused_with_what_to_do(app: Flask, session: Session) -> None:
    make_user(session, email=EMAIL)

    code, printed = create_admin(app, EMAIL, "--password-stdin", typed=f"{PASSWORD}\n")

    assert code == 1
    assert printed.count("\n") == 1
    assert "--promote" in printed
    assert role_of(session) is Role.CUSTOMER


def test_a_promotion_keeps_the_password_ends_the_sessions_and_is_audited(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    user = make_user(session, email=EMAIL, password=PASSWORD, role=Role.MANAGER)
    headers = sign_in(session, user)

    code, printed = create_admin(app, EMAIL, "--promote")

    event = session.execute(select(AuditEvent)).scalar_one()
    assert (code, printed) == (0, f"{EMAIL} is an ADMIN.\n")
    assert (event.action, event.entity_id) == ("USER_UPDATED", user.id)
    assert (event.old_value, event.new_value) == ({"role": "MANAGER"}, {"role": "ADMIN"})
    assert client.get("/api/v1/me", headers=headers).status_code == 401
    login = client.post("/api/v1/auth/login", json={"email": EMAIL, "password": PASSWORD})
    assert login.json["data"]["user"]["role"] == "ADMIN"


def test_nobody_an_admin_and_a_blocked_user_cannot_be_promoted(app: Flask, session: Session) -> None:
    make_user(session, email="admin@example.com", role=Role.ADMIN)
    make_user(session, email="blocked@example.com", is_active=False)

    answers = [create_admin(app, f"{name}@example.com", "--promote") for name in ("nobody", "admin", "blocked")]

    assert answers == [
        (1, "Error: There is no account with this e-mail address. Leave out --promote to make one.\n"),
        (1, "Error: This account is an ADMIN already.\n"),
        (1, "Error: This account is blocked. Let an ADMIN unblock it, or make another one.\n"),
    ]
    assert role_of(session, "blocked@example.com") is Role.CUSTOMER


def test_a_promotion_takes_no_password(app: Flask, session: Session) -> None:
    code, printed = create_admin(app, EMAIL, "--promote", "--password-stdin")

    assert code == 2
    assert "leave out --password-stdin" in printed
