"""The second factor: setting it up, signing in with it, and who must have it."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain import totp
from app.domain.enums import Role
from app.models import AuditEvent, RecoveryCode, User
from app.services import login_backoff
from tests.conftest import Statements
from tests.factories import PASSWORD, make_user, sign_in

AUTH = "/api/v1/auth"
FACTOR = f"{AUTH}/second-factor"
LOGIN = {"email": "dana@example.com", "password": PASSWORD}
NOW = 1_800_000_000 // totp.STEP_SECONDS


class Clock:
    """The step authenticator apps and shop agree on; tests move it."""

    step = NOW


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    standing = Clock()
    monkeypatch.setattr(totp, "current_step", lambda: standing.step)
    return standing


@pytest.fixture
def user(session: Session) -> User:
    return make_user(session, email=LOGIN["email"], password=PASSWORD, role=Role.MANAGER)


@pytest.fixture
def required(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = app.extensions["settings"].model_copy(update={"require_second_factor": True})
    monkeypatch.setitem(app.extensions, "settings", settings)


def set_up(client: FlaskClient, headers: dict[str, str]) -> str:
    secret: str = client.post(f"{FACTOR}/setup", headers=headers).json["data"]["secret"]
    return secret


def enabled(client: FlaskClient, headers: dict[str, str], clock: Clock) -> tuple[str, list[str]]:
    """The secret and recovery codes of a second factor enabled a step ago, so that the present code is fresh."""
    secret = set_up(client, headers)
    clock.step -= 1
    answer = client.post(f"{FACTOR}/enable", json={"code": totp.code_at(secret, clock.step)}, headers=headers)
    clock.step += 1
    return secret, answer.json["data"]["recovery_codes"]


def sign_in_with(client: FlaskClient, code: str | None) -> Any:
    form = LOGIN if code is None else {**LOGIN, "totp_code": code}
    return client.post(f"{AUTH}/login", json=form)


def wrong(secret: str, clock: Clock) -> str:
    """A code of no step nearby."""
    near = {totp.code_at(secret, step) for step in range(clock.step - 2, clock.step + 3)}
    return next(code for code in ("000000", "000001", "000002", "000003", "000004", "000005") if code not in near)


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def actions(session: Session) -> list[str]:
    return list(session.execute(select(AuditEvent.action).order_by(AuditEvent.id)).scalars())


# --- setting up ---


def test_setting_up_shows_the_secret_for_an_app_and_changes_nothing_yet(
    client: FlaskClient, session: Session, user: User
) -> None:
    headers = sign_in(session, user)

    answer = client.post(f"{FACTOR}/setup", headers=headers)

    shown = answer.json["data"]
    address = urlsplit(shown["otpauth_uri"])
    assert re.fullmatch("[A-Z2-7]{32}", shown["secret"])
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert parse_qs(address.query) == {"secret": [shown["secret"]], "issuer": ["Aisle"]}
    assert ElementTree.fromstring(shown["qr_svg"]).tag == "{http://www.w3.org/2000/svg}svg"
    assert answer.headers["Cache-Control"] == "no-store"
    assert sign_in_with(client, None).status_code == 200
    assert client.get(FACTOR, headers=headers).json["data"] == {
        "enabled": False,
        "required": False,
        "recovery_codes_left": 0,
    }


def test_the_database_holds_neither_secret_nor_recovery_codes(
    client: FlaskClient, session: Session, user: User, clock: Clock
) -> None:
    secret, codes = enabled(client, sign_in(session, user), clock)

    rows = [*session.execute(select(User.__table__)), *session.execute(select(RecoveryCode.__table__))]
    rows += session.execute(select(AuditEvent.__table__))
    stored = " ".join(str(row) for row in rows)
    assert "gAAAA" in stored  # a Fernet token
    assert secret not in stored
    assert [code for code in codes if code in stored or code.replace("-", "") in stored] == []


def test_enabling_gives_ten_recovery_codes_and_ends_the_other_sessions(
    client: FlaskClient, session: Session, user: User, clock: Clock
) -> None:
    other, here = sign_in(session, user), sign_in(session, user)

    _, codes = enabled(client, here, clock)

    assert len(set(codes)) == 10
    assert client.get(FACTOR, headers=here).json["data"] == {
        "enabled": True,
        "required": False,
        "recovery_codes_left": 10,
    }
    assert client.get(FACTOR, headers=other).status_code == 401
    assert actions(session) == ["SECOND_FACTOR_ENABLED"]


def test_enabling_needs_a_setup_and_a_code_of_it(
    client: FlaskClient, session: Session, user: User, clock: Clock
) -> None:
    headers = sign_in(session, user)

    too_soon = client.post(f"{FACTOR}/enable", json={"code": "123456"}, headers=headers)
    secret = set_up(client, headers)
    guessed = client.post(f"{FACTOR}/enable", json={"code": wrong(secret, clock)}, headers=headers)
    malformed = client.post(f"{FACTOR}/enable", json={"code": "12345"}, headers=headers)

    assert code_of(too_soon) == (409, "SECOND_FACTOR_NOT_SET_UP")
    assert code_of(guessed) == (400, "INVALID_SECOND_FACTOR")
    assert code_of(malformed) == (400, "VALIDATION_ERROR")
    assert sign_in_with(client, None).status_code == 200


def test_a_second_setup_replaces_the_first_until_one_is_enabled(
    client: FlaskClient, session: Session, user: User, clock: Clock
) -> None:
    headers = sign_in(session, user)
    first = set_up(client, headers)
    enabled(client, headers, clock)

    late = client.post(f"{FACTOR}/enable", json={"code": totp.code_at(first, clock.step)}, headers=headers)
    again = client.post(f"{FACTOR}/setup", headers=headers)

    assert code_of(late) == code_of(again) == (409, "SECOND_FACTOR_ALREADY_ENABLED")


# --- signing in ---


def test_a_code_is_asked_for_only_once_the_password_was_right(
    client: FlaskClient, session: Session, user: User, clock: Clock
) -> None:
    secret, _ = enabled(client, sign_in(session, user), clock)

    guess = client.post(f"{AUTH}/login", json={**LOGIN, "password": "not-this-1"})
    without = sign_in_with(client, None)
    with_code = sign_in_with(client, totp.code_at(secret, clock.step))

    assert code_of(guess) == (400, "INVALID_CREDENTIALS")
    assert code_of(without) == (400, "SECOND_FACTOR_REQUIRED")
    assert with_code.json["data"]["user"]["id"] == user.id


def test_a_code_works_once(client: FlaskClient, session: Session, user: User, clock: Clock) -> None:
    secret, _ = enabled(client, sign_in(session, user), clock)
    code = totp.code_at(secret, clock.step)

    first, second = sign_in_with(client, code), sign_in_with(client, code)
    clock.step += 1
    next_code = sign_in_with(client, totp.code_at(secret, clock.step))

    assert first.status_code == 200
    assert code_of(second) == (400, "INVALID_SECOND_FACTOR")
    assert next_code.status_code == 200


@pytest.mark.parametrize(("off", "status"), [(-2, 400), (-1, 200), (1, 200), (2, 400)])
def test_a_clock_may_be_one_step_off(
    client: FlaskClient, session: Session, user: User, clock: Clock, off: int, status: int
) -> None:
    secret, _ = enabled(client, sign_in(session, user), clock)
    clock.step += 5

    assert sign_in_with(client, totp.code_at(secret, clock.step + off)).status_code == status


def test_codes_may_come_in_two_groups(client: FlaskClient, session: Session, user: User, clock: Clock) -> None:
    secret, _ = enabled(client, sign_in(session, user), clock)
    code = totp.code_at(secret, clock.step)

    assert sign_in_with(client, f"{code[:3]} {code[3:]}").status_code == 200


@pytest.mark.parametrize("written", [str, str.upper, lambda code: code.replace("-", "")])
def test_a_recovery_code_signs_in_once_however_it_is_written(
    client: FlaskClient, session: Session, user: User, clock: Clock, written: Any
) -> None:
    headers = sign_in(session, user)
    _, codes = enabled(client, headers, clock)

    first, second = sign_in_with(client, written(codes[0])), sign_in_with(client, codes[0])

    assert first.status_code == 200
    assert code_of(second) == (400, "INVALID_SECOND_FACTOR")
    assert sign_in_with(client, codes[1]).status_code == 200
    assert client.get(FACTOR, headers=headers).json["data"]["recovery_codes_left"] == 8


def test_somebody_elses_codes_are_wrong(client: FlaskClient, session: Session, user: User, clock: Clock) -> None:
    enabled(client, sign_in(session, user), clock)
    theirs, codes = enabled(client, sign_in(session, make_user(session)), clock)

    answers = [sign_in_with(client, totp.code_at(theirs, clock.step)), sign_in_with(client, codes[0])]

    assert {code_of(answer) for answer in answers} == {(400, "INVALID_SECOND_FACTOR")}


def test_a_wrong_code_counts_as_a_failed_sign_in(
    client: FlaskClient, session: Session, user: User, clock: Clock
) -> None:
    secret, codes = enabled(client, sign_in(session, user), clock)

    answers = [sign_in_with(client, wrong(secret, clock)) for _ in range(5)]
    late = sign_in_with(client, codes[0])

    assert {code_of(answer) for answer in answers} == {(400, "INVALID_SECOND_FACTOR")}
    assert code_of(late) == (429, "HTTP_429")
    assert int(late.headers["Retry-After"]) > 0
    assert actions(session) == ["SECOND_FACTOR_ENABLED"] + ["LOGIN_FAILURE"] * 5


def test_codes_are_counted_over_all_addresses(client: FlaskClient, session: Session, user: User, clock: Clock) -> None:
    secret, _ = enabled(client, sign_in(session, user), clock)
    form = {**LOGIN, "totp_code": wrong(secret, clock)}

    answers = [
        client.post(f"{AUTH}/login", json=form, environ_base={"REMOTE_ADDR": f"10.0.0.{number}"})
        for number in range(login_backoff.CODE_TRIES + 1)
    ]

    assert [answer.status_code for answer in answers] == [400] * login_backoff.CODE_TRIES + [429]


def test_a_right_code_forgets_the_wrong_ones(client: FlaskClient, session: Session, user: User, clock: Clock) -> None:
    secret, _ = enabled(client, sign_in(session, user), clock)

    for _ in range(2):
        failures = [sign_in_with(client, wrong(secret, clock)).status_code for _ in range(4)]
        clock.step += 1
        assert failures == [400] * 4
        assert sign_in_with(client, totp.code_at(secret, clock.step)).status_code == 200


def test_the_sign_in_form_of_the_documentation_takes_the_code_behind_the_password(
    client: FlaskClient, session: Session, user: User, clock: Clock
) -> None:
    secret, codes = enabled(client, sign_in(session, user), clock)

    def fill_in(password: str) -> Any:
        return client.post(f"{AUTH}/token", data={"username": LOGIN["email"], "password": password})

    assert code_of(fill_in(PASSWORD)) == (400, "SECOND_FACTOR_REQUIRED")
    assert code_of(fill_in(f"{PASSWORD} {wrong(secret, clock)}")) == (400, "INVALID_SECOND_FACTOR")
    assert fill_in(f"{PASSWORD} {totp.code_at(secret, clock.step)}").json["access_token"]
    assert fill_in(f"{PASSWORD} {codes[0]}").json["access_token"]
    assert code_of(fill_in("x" * 70)) == (400, "VALIDATION_ERROR")


def test_signing_in_without_a_second_factor_takes_no_more_statements(
    client: FlaskClient, session: Session, user: User, statements: Statements
) -> None:
    sign_in_with(client, None)

    assert [statement for statement in statements if "recovery_codes" in statement] == []


def test_a_code_sent_without_need_is_ignored(client: FlaskClient, session: Session, user: User) -> None:
    assert sign_in_with(client, "123456").status_code == 200


# --- renewing and disabling ---


def test_renewed_recovery_codes_replace_the_old_ones(
    client: FlaskClient, session: Session, user: User, clock: Clock
) -> None:
    headers = sign_in(session, user)
    secret, old = enabled(client, headers, clock)

    form = {"code": totp.code_at(secret, clock.step)}
    fresh = client.post(f"{FACTOR}/recovery-codes", json=form, headers=headers).json["data"]["recovery_codes"]
    replayed = client.post(f"{FACTOR}/recovery-codes", json=form, headers=headers)

    assert code_of(replayed) == (400, "INVALID_SECOND_FACTOR")
    assert code_of(sign_in_with(client, old[0])) == (400, "INVALID_SECOND_FACTOR")
    assert sign_in_with(client, fresh[0]).status_code == 200
    assert "RECOVERY_CODES_RENEWED" in actions(session)


def test_disabling_takes_the_password_and_a_code(
    client: FlaskClient, session: Session, user: User, clock: Clock
) -> None:
    headers = sign_in(session, user)
    secret, _ = enabled(client, headers, clock)
    good = {"password": PASSWORD, "code": totp.code_at(secret, clock.step)}

    def disable(**changes: str) -> Any:
        return client.post(f"{FACTOR}/disable", json={**good, **changes}, headers=headers)

    assert code_of(disable(password="not-this-1")) == (400, "INVALID_CREDENTIALS")
    assert code_of(disable(code=wrong(secret, clock))) == (400, "INVALID_SECOND_FACTOR")
    assert disable().status_code == 200
    assert code_of(disable()) == (409, "SECOND_FACTOR_NOT_ENABLED")
    assert sign_in_with(client, None).status_code == 200
    assert session.execute(select(User.totp_secret)).scalar_one() is None
    assert session.execute(select(RecoveryCode)).all() == []
    assert "SECOND_FACTOR_DISABLED" in actions(session)


def test_without_a_second_factor_there_are_no_codes_to_renew(client: FlaskClient, session: Session, user: User) -> None:
    answer = client.post(f"{FACTOR}/recovery-codes", json={"code": "123456"}, headers=sign_in(session, user))

    assert code_of(answer) == (409, "SECOND_FACTOR_NOT_ENABLED")


# --- where it is required ---


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMIN])
def test_where_it_is_required_managers_may_only_set_it_up(
    client: FlaskClient, session: Session, role: Role, clock: Clock
) -> None:
    headers = sign_in(session, make_user(session, role=role))
    closed = [
        ("GET", "/api/v1/admin/users"),
        ("GET", "/api/v1/orders"),
        ("GET", "/api/v1/cart"),
        ("PATCH", "/api/v1/me"),
        ("GET", "/api/v1/me/sessions"),
        ("GET", "/api/v1/me/addresses"),
    ]

    refused = {call: client.open(call[1], method=call[0], headers=headers, json={}) for call in closed}
    open_to_all = [client.get(path, headers=headers) for path in ("/api/v1/me", f"{AUTH}/me", FACTOR)]
    enabled(client, headers, clock)
    allowed = client.get("/api/v1/admin/users", headers=headers)

    codes = {code_of(answer) for answer in refused.values()}
    assert codes == {(403, "SECOND_FACTOR_SETUP_REQUIRED")}
    assert {answer.status_code for answer in open_to_all} == {200}
    assert open_to_all[2].json["data"]["required"] is True
    assert allowed.status_code == 200


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.EMPLOYEE, Role.VENDOR])
def test_where_it_is_required_the_others_may_do_without(client: FlaskClient, session: Session, role: Role) -> None:
    headers = sign_in(session, make_user(session, role=role))

    assert client.get("/api/v1/orders", headers=headers).status_code == 200


@pytest.mark.usefixtures("required")
def test_where_it_is_required_it_cannot_be_disabled(
    client: FlaskClient, session: Session, user: User, clock: Clock
) -> None:
    headers = sign_in(session, user)
    secret, _ = enabled(client, headers, clock)
    form = {"password": PASSWORD, "code": totp.code_at(secret, clock.step)}

    answer = client.post(f"{FACTOR}/disable", json=form, headers=headers)

    assert code_of(answer) == (403, "SECOND_FACTOR_COMPULSORY")
    assert client.get(FACTOR, headers=headers).json["data"]["enabled"] is True


def test_a_demotion_keeps_the_second_factor(client: FlaskClient, session: Session, user: User, clock: Clock) -> None:
    enabled(client, sign_in(session, user), clock)
    session.execute(update(User).where(User.id == user.id).values(role=Role.CUSTOMER))
    session.commit()

    assert code_of(sign_in_with(client, None)) == (400, "SECOND_FACTOR_REQUIRED")


# --- reset by an admin ---


def test_an_admin_resets_the_second_factor_of_a_lost_device(
    client: FlaskClient, session: Session, user: User, clock: Clock
) -> None:
    theirs = sign_in(session, user)
    enabled(client, theirs, clock)
    admin = sign_in(session, make_user(session, role=Role.ADMIN))
    path = f"/api/v1/admin/users/{user.id}/second-factor/reset"

    answer, again = client.post(path, headers=admin), client.post(path, headers=admin)

    assert answer.status_code == 200
    assert code_of(again) == (409, "SECOND_FACTOR_NOT_ENABLED")
    assert client.get("/api/v1/me", headers=theirs).status_code == 401
    assert sign_in_with(client, None).status_code == 200
    reset = session.execute(select(AuditEvent).where(AuditEvent.action == "SECOND_FACTOR_RESET")).scalar_one()
    assert (reset.entity_id, reset.old_value, reset.new_value) == (user.id, None, None)


def test_nobody_but_an_admin_resets_and_no_admin_their_own(client: FlaskClient, session: Session, clock: Clock) -> None:
    admin, manager = make_user(session, role=Role.ADMIN), make_user(session, role=Role.MANAGER)
    headers = sign_in(session, admin)
    enabled(client, headers, clock)
    path = f"/api/v1/admin/users/{admin.id}/second-factor/reset"

    assert client.post(path, headers=sign_in(session, manager)).status_code == 403
    assert code_of(client.post(path, headers=headers)) == (403, "AUTHORIZATION_ERROR")
    assert client.get(FACTOR, headers=headers).json["data"]["enabled"] is True
