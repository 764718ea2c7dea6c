"""Signing in by phone over HTTP: codes, tokens, staff and second factors."""

from datetime import timedelta
from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain import totp
from app.domain.enums import Role
from app.models import AuditEvent, AuthSession, LoginFailure, OutboxEvent, PhoneCode, User
from app.services.retention import running
from app.services.secrets_at_rest import encrypt
from tests.factories import make_consumer, make_user, sign_in
from tests.phones import PHONE, V1, bearer, code_sent_to, send_code, sign_in_by_phone, verify, wrong

REFRESH = f"{V1}/auth/refresh"


def error_of(answer: Any) -> tuple[int, str, str]:
    error = answer.json["error"]
    return answer.status_code, error["code"], error["message"]


INVALID = (401, "INVALID_OTP", "Invalid or expired OTP")


def test_asking_for_a_code_says_the_same_for_everybody(client: FlaskClient, session: Session) -> None:
    known = make_consumer(session)
    make_consumer(session, phone="+919876500001", is_active=False)

    answers = [
        client.post(f"{V1}/send-otp", json={"phone": phone}) for phone in (known.phone, "9876500001", "9876500002")
    ]

    assert {(answer.status_code, answer.text) for answer in answers} == {(200, '{"data":{"message":"OTP sent"}}')}
    assert session.execute(select(func.count()).select_from(OutboxEvent)).scalar_one() == 3


def test_a_code_has_six_digits_and_is_kept_as_a_hash(client: FlaskClient, session: Session) -> None:
    code = send_code(client, session)

    kept = session.execute(select(PhoneCode)).scalar_one()
    assert 100_000 <= int(code) <= 999_999
    assert kept.phone == PHONE
    assert code not in kept.code_hash
    assert len(kept.code_hash) == 64


@pytest.mark.parametrize("spelling", ["9876543210", "+91-98765 43210", "09876543210", "919876543210"])
def test_a_number_may_be_spelled_otherwise_when_the_code_comes_back(
    client: FlaskClient, session: Session, spelling: str
) -> None:
    code = send_code(client, session)

    answer = verify(client, code, spelling)

    assert answer.status_code == 200
    assert session.execute(select(User.phone)).scalar_one() == PHONE


@pytest.mark.parametrize("phone", ["12345", "77777x43210", "", None, 7777743210, ["7777743210"], "777774321", "+++++"])
@pytest.mark.parametrize("path", ["send-otp", "verify-otp"])
def test_what_is_no_number_is_a_400(client: FlaskClient, path: str, phone: object) -> None:
    answer = client.post(f"{V1}/{path}", json={"phone": phone, "otp": "123456"})

    error = answer.json["error"]
    assert (answer.status_code, error["code"]) == (400, "VALIDATION_ERROR")
    assert error["details"]["errors"][0]["loc"] == ["body", "phone"]
    assert "77777" not in answer.text


@pytest.mark.parametrize("otp", ["12345", "1234567", "12345a", " 123456", "", None, 123456, "१२३४५६"])
def test_what_is_no_code_is_a_400_that_does_not_repeat_it(client: FlaskClient, otp: object) -> None:
    answer = client.post(f"{V1}/verify-otp", json={"phone": PHONE, "otp": otp})

    assert answer.json["error"]["code"] == "VALIDATION_ERROR"
    assert "12345" not in answer.text


def test_the_first_sign_in_makes_a_user_whose_role_is_still_to_be_chosen(client: FlaskClient, session: Session) -> None:
    code = send_code(client, session)

    answer = client.post(
        f"{V1}/verify-otp", json={"phone": PHONE, "otp": code}, headers={"User-Agent": "VendorApp/2 " + "x" * 300}
    )

    user = session.execute(select(User)).scalar_one()
    data = answer.json["data"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(data) == {
        "access_token",
        "refresh_token",
        "auth_token",
        "expires_at",
        "expires_in",
        "basic_onboarding_done",
    }
    assert (data["expires_in"], data["basic_onboarding_done"]) == (900, False)
    assert data["auth_token"] == data["access_token"]
    assert (user.phone, user.email, user.full_name) == (PHONE, None, "")
    assert (user.role, user.role_pending, user.is_active) == (Role.CUSTOMER, True, True)
    assert user.phone_verified_at is not None
    assert session.execute(select(AuthSession.user_agent)).scalar_one() == ("VendorApp/2 " + "x" * 300)[:200]


def test_the_second_sign_in_finds_the_user(client: FlaskClient, session: Session) -> None:
    user = make_consumer(session, phone=PHONE)

    data = sign_in_by_phone(client, session)

    assert data["basic_onboarding_done"] is True
    assert client.get(f"{V1}/me", headers=bearer(data["access_token"])).json["data"]["id"] == user.id
    assert session.execute(select(func.count()).select_from(User)).scalar_one() == 1


def test_until_a_role_is_chosen_the_rooms_of_roles_stay_shut(client: FlaskClient, session: Session) -> None:
    headers = bearer(sign_in_by_phone(client, session)["access_token"])

    consumer = client.get(f"{V1}/consumer/profile/me", headers=headers)
    own = client.get(f"{V1}/profile/me", headers=headers)

    assert (consumer.status_code, consumer.json["error"]["code"]) == (403, "ROLE_MISSING")
    assert own.status_code == 200


def test_a_number_somebody_only_gave_as_a_contact_is_not_theirs(client: FlaskClient, session: Session) -> None:
    contact = make_user(session, phone=PHONE)

    data = sign_in_by_phone(client, session)

    assert client.get(f"{V1}/me", headers=bearer(data["access_token"])).json["data"]["id"] != contact.id


def test_a_code_works_once(client: FlaskClient, session: Session) -> None:
    code = send_code(client, session)

    answers = [verify(client, code), verify(client, code)]

    assert answers[0].status_code == 200
    assert error_of(answers[1]) == INVALID


def test_a_newer_code_kills_the_older(client: FlaskClient, session: Session) -> None:
    older = send_code(client, session)
    session.execute(update(PhoneCode).values(code_hash="another"))
    session.commit()
    newer = send_code(client, session)

    assert older == newer or error_of(verify(client, older)) == INVALID
    assert verify(client, newer).status_code == 200


def test_a_code_nobody_asked_for_is_wrong(client: FlaskClient, session: Session) -> None:
    assert error_of(verify(client, "123456")) == INVALID


def test_a_code_proves_its_own_number_only(client: FlaskClient, session: Session) -> None:
    code = send_code(client, session)
    other = send_code(client, session, "+919876500000")

    answer = verify(client, code, "+919876500000")

    assert code == other or error_of(answer) == INVALID


@pytest.mark.parametrize(("tries", "status"), [(4, 200), (5, 401)])
def test_five_wrong_tries_kill_the_code(client: FlaskClient, session: Session, tries: int, status: int) -> None:
    code = send_code(client, session)

    refused = [verify(client, wrong(code)) for _ in range(tries)]

    assert {error_of(answer) for answer in refused} == {INVALID}
    assert verify(client, code).status_code == status


def test_after_five_wrong_tries_a_new_code_is_a_new_chance(client: FlaskClient, session: Session) -> None:
    code = send_code(client, session)
    for _ in range(5):
        verify(client, wrong(code))

    assert verify(client, send_code(client, session)).status_code == 200


def expire(session: Session, minutes: float) -> None:
    session.execute(update(PhoneCode).values(expires_at=PhoneCode.expires_at - timedelta(minutes=minutes)))
    session.commit()


@pytest.mark.parametrize(("minutes", "status"), [(9.8, 200), (10, 401)])
def test_a_code_lives_ten_minutes(client: FlaskClient, session: Session, minutes: float, status: int) -> None:
    code = send_code(client, session)
    expire(session, minutes)

    assert verify(client, code).status_code == status


def test_an_expired_code_is_called_so_to_who_knows_it(client: FlaskClient, session: Session) -> None:
    code = send_code(client, session)
    expire(session, 11)

    assert error_of(verify(client, wrong(code))) == INVALID
    assert error_of(verify(client, code)) == (401, "OTP_EXPIRED", "OTP expired")


def test_a_blocked_user_is_refused_as_a_wrong_code_is(client: FlaskClient, session: Session) -> None:
    make_consumer(session, phone=PHONE, is_active=False)
    code = send_code(client, session)

    blocked, wrong_code = verify(client, code), verify(client, wrong(code))

    assert error_of(blocked) == INVALID
    assert blocked.data == wrong_code.data
    assert session.execute(select(AuthSession)).first() is None


def test_sign_ins_are_audited_whether_they_succeed_or_fail(client: FlaskClient, session: Session) -> None:
    user = make_consumer(session, phone=PHONE)
    code = send_code(client, session)

    verify(client, wrong(code))
    verify(client, code)
    verify(client, "123456", "+919876500000")

    columns = (AuditEvent.action, AuditEvent.entity_id, AuditEvent.actor_user_id, AuditEvent.context)
    rows = [tuple(row) for row in session.execute(select(*columns).order_by(AuditEvent.id))]
    where = {"by": "phone", "address": "127.0.0.1"}
    assert rows == [
        ("LOGIN_FAILURE", user.id, None, where),
        ("LOGIN_SUCCESS", user.id, user.id, where),
        ("LOGIN_FAILURE", None, None, where),
    ]


def test_a_new_user_is_audited_as_registered(client: FlaskClient, session: Session) -> None:
    sign_in_by_phone(client, session)

    actions = session.execute(select(AuditEvent.action).order_by(AuditEvent.id)).scalars().all()
    assert actions == ["REGISTER", "LOGIN_SUCCESS"]


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.MANAGER, Role.ADMIN])
def test_staff_never_sign_in_by_phone(client: FlaskClient, session: Session, role: Role) -> None:
    user = make_consumer(session, phone=PHONE, role=role, email="staff@example.com")

    answer = verify(client, send_code(client, session))

    assert error_of(answer)[:2] == (403, "STAFF_USE_PASSWORDS")
    assert session.execute(select(AuthSession)).first() is None
    assert session.execute(select(AuditEvent.action, AuditEvent.entity_id)).all() == [("LOGIN_FAILURE", user.id)]


def test_who_does_not_know_the_code_does_not_learn_that_a_number_is_of_the_staff(
    client: FlaskClient, session: Session
) -> None:
    make_consumer(session, phone=PHONE, role=Role.ADMIN, email="staff@example.com")

    assert error_of(verify(client, wrong(send_code(client, session)))) == INVALID


def enrol(session: Session) -> tuple[User, str]:
    """A consumer with a second factor, and its secret."""
    secret = totp.new_secret()
    user = make_consumer(session, phone=PHONE, totp_secret=encrypt(secret), totp_enabled_at=func.now())
    return user, secret


def test_an_account_with_a_second_factor_needs_its_code_too(client: FlaskClient, session: Session) -> None:
    user, secret = enrol(session)
    code = send_code(client, session)

    without = verify(client, code)
    mistaken = verify(client, code, totp_code="abcde-fghij")
    right = verify(client, code, totp_code=totp.code_at(secret, totp.current_step()))

    assert error_of(without)[:2] == (400, "SECOND_FACTOR_REQUIRED")
    assert error_of(mistaken)[:2] == (400, "INVALID_SECOND_FACTOR")
    assert right.status_code == 200
    assert session.execute(select(AuditEvent.action, AuditEvent.entity_id).order_by(AuditEvent.id)).all() == [
        ("LOGIN_FAILURE", user.id),
        ("LOGIN_SUCCESS", user.id),
    ]
    assert error_of(verify(client, code)) == INVALID


def test_without_the_phones_code_nobody_guesses_at_a_second_factor(client: FlaskClient, session: Session) -> None:
    _, secret = enrol(session)
    code = send_code(client, session)

    answer = verify(client, wrong(code), totp_code=totp.code_at(secret, totp.current_step()))

    assert error_of(answer) == INVALID
    assert session.execute(select(LoginFailure)).first() is None


def test_five_wrong_codes_of_a_second_factor_make_the_account_wait(client: FlaskClient, session: Session) -> None:
    _, secret = enrol(session)
    code = send_code(client, session)
    for _ in range(5):
        verify(client, code, totp_code="abcde-fghij")

    answer = verify(client, code, totp_code=totp.code_at(secret, totp.current_step()))

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def lifetime(token: str) -> int:
    claims = jwt.decode(token, options={"verify_signature": False})
    return int(claims["exp"]) - int(claims["iat"])


def test_access_tokens_of_a_phone_live_fifteen_minutes_even_when_renewed(client: FlaskClient, session: Session) -> None:
    first = sign_in_by_phone(client, session)

    second = client.post(REFRESH, json={"refresh_token": first["refresh_token"]}).json["data"]

    assert [lifetime(tokens["access_token"]) for tokens in (first, second)] == [900, 900]
    assert second["expires_in"] == 900


def test_other_sign_ins_keep_their_lifetime(session: Session) -> None:
    headers = sign_in(session, make_user(session))

    assert lifetime(headers["Authorization"].removeprefix("Bearer ")) == 240 * 60


def test_a_refresh_token_in_the_body_works_once_and_its_reuse_closes_the_session(
    client: FlaskClient, session: Session
) -> None:
    first = sign_in_by_phone(client, session)["refresh_token"]

    renewed = client.post(REFRESH, json={"refresh_token": first, "device": "unknown fields are ignored"})
    reused = client.post(REFRESH, json={"refresh_token": first})

    data = renewed.json["data"]
    assert set(data) == {"access_token", "refresh_token", "expires_at", "expires_in"}
    assert reused.status_code == 401
    assert client.get(f"{V1}/profile/me", headers=bearer(data["access_token"])).status_code == 401


def test_a_refresh_token_in_the_body_counts_before_the_header(client: FlaskClient, session: Session) -> None:
    tokens = sign_in_by_phone(client, session)

    answer = client.post(
        REFRESH, json={"refresh_token": tokens["refresh_token"]}, headers=bearer(tokens["access_token"])
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("body", [None, {}, {"refresh_token": None}])
def test_without_a_token_in_the_body_the_header_counts(
    client: FlaskClient, session: Session, body: dict[str, Any] | None
) -> None:
    tokens = sign_in_by_phone(client, session)

    answer = client.post(REFRESH, json=body, headers=bearer(tokens["refresh_token"]))

    assert answer.status_code == 200


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "न.मस्ते.x"])
def test_a_made_up_refresh_token_is_a_401(client: FlaskClient, token: str) -> None:
    answer = client.post(REFRESH, json={"refresh_token": token})

    assert error_of(answer) == (401, "AUTH_ERROR", "invalid token")


def test_an_access_token_is_no_refresh_token(client: FlaskClient, session: Session) -> None:
    tokens = sign_in_by_phone(client, session)

    refresh = client.post(REFRESH, json={"refresh_token": tokens["access_token"]})
    access = client.get(f"{V1}/profile/me", headers=bearer(tokens["refresh_token"]))

    assert error_of(refresh) == (401, "AUTH_ERROR", "expected refresh token")
    assert error_of(access) == (401, "AUTH_ERROR", "expected access token")


def test_an_expired_token_is_called_so(
    app: Flask, client: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty = app.extensions["settings"].model_copy(update={"phone_access_token_minutes": -1})
    monkeypatch.setitem(app.extensions, "settings", hasty)
    tokens = sign_in_by_phone(client, session)

    answer = client.get(f"{V1}/profile/me", headers=bearer(tokens["access_token"]))

    assert error_of(answer) == (401, "AUTH_ERROR", "token expired")


def opens(client: FlaskClient, tokens: dict[str, Any]) -> tuple[int, int]:
    """What the access and the refresh token still open."""
    access = client.get(f"{V1}/profile/me", headers=bearer(tokens["access_token"])).status_code
    return access, client.post(REFRESH, json={"refresh_token": tokens["refresh_token"]}).status_code


@pytest.mark.parametrize("sent", [{}, {"json": {}}, {"data": "null", "content_type": "application/json"}])
def test_logging_out_ends_the_session_and_leaves_the_others(
    client: FlaskClient, session: Session, sent: dict[str, Any]
) -> None:
    here, there = sign_in_by_phone(client, session), sign_in_by_phone(client, session)

    answer = client.post(f"{V1}/logout", headers=bearer(here["access_token"]), **sent)

    assert answer.json == {"data": {"message": "Logged out"}}
    assert opens(client, here) == (401, 401)
    assert opens(client, there) == (200, 200)


def test_logging_out_with_a_refresh_token_ends_its_session_too(client: FlaskClient, session: Session) -> None:
    here, there = sign_in_by_phone(client, session), sign_in_by_phone(client, session)

    client.post(f"{V1}/logout", json={"refresh_token": there["refresh_token"]}, headers=bearer(here["access_token"]))

    assert opens(client, here) == (401, 401)
    assert opens(client, there) == (401, 401)


def test_nobody_logs_a_stranger_out(client: FlaskClient, session: Session) -> None:
    mine, theirs = sign_in_by_phone(client, session), sign_in_by_phone(client, session, "+919876500000")

    answer = client.post(
        f"{V1}/logout", json={"refresh_token": theirs["refresh_token"]}, headers=bearer(mine["access_token"])
    )

    assert answer.status_code == 200
    assert opens(client, theirs) == (200, 200)


@pytest.mark.parametrize("token", ["nonsense", "", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."])
def test_logging_out_with_a_spoilt_refresh_token_still_logs_out(
    client: FlaskClient, session: Session, token: str
) -> None:
    mine = sign_in_by_phone(client, session)

    answer = client.post(f"{V1}/logout", json={"refresh_token": token}, headers=bearer(mine["access_token"]))

    assert answer.status_code == 200
    assert opens(client, mine) == (401, 401)


@pytest.mark.parametrize("days", [6, 8])
def test_old_codes_are_deleted_after_a_week(client: FlaskClient, session: Session, days: int) -> None:
    send_code(client, session)
    expire(session, 10 + days * 24 * 60)

    [outcome] = running.run(only=["phone-codes"])

    left = session.execute(select(func.count()).select_from(PhoneCode)).scalar_one()
    assert (left, outcome.rows) == ((1, 0) if days == 6 else (0, 1))


def test_a_verified_number_is_not_changed_without_a_code(client: FlaskClient, session: Session) -> None:
    headers = sign_in(session, make_consumer(session, phone=PHONE))
    another = {"phone": "+919876500000"}

    answers = [
        client.patch(f"{V1}/me/phone", json=another, headers=headers),
        client.patch(f"{V1}/me", json=another, headers=headers),
    ]

    assert [error_of(answer)[:2] for answer in answers] == [(409, "PHONE_IS_SIGN_IN")] * 2
    assert client.patch(f"{V1}/me", json={"phone": PHONE}, headers=headers).status_code == 200


def test_a_manager_cannot_give_an_account_another_sign_in(client: FlaskClient, session: Session) -> None:
    user = make_consumer(session, phone=PHONE)
    admin = sign_in(session, make_user(session, role=Role.ADMIN))

    answer = client.patch(f"{V1}/admin/users/{user.id}", json={"phone": "+919876500000"}, headers=admin)

    assert error_of(answer)[:2] == (409, "PHONE_IS_SIGN_IN")


def test_who_signs_in_by_phone_alone_cannot_be_made_staff(client: FlaskClient, session: Session) -> None:
    user = make_consumer(session)
    admin = sign_in(session, make_user(session, role=Role.ADMIN))

    answer = client.patch(f"{V1}/admin/users/{user.id}", json={"role": "EMPLOYEE"}, headers=admin)

    assert error_of(answer)[:2] == (409, "STAFF_NEED_EMAIL")


def test_an_admin_may_choose_the_role_that_was_still_to_be_chosen(client: FlaskClient, session: Session) -> None:
    sign_in_by_phone(client, session)
    user_id = session.execute(select(User.id)).scalar_one()
    admin = sign_in(session, make_user(session, role=Role.ADMIN))

    answer = client.patch(f"{V1}/admin/users/{user_id}", json={"role": "VENDOR"}, headers=admin)

    row = session.execute(select(User.role, User.role_pending).where(User.id == user_id)).one()
    assert answer.status_code == 200
    assert tuple(row) == (Role.VENDOR, False)


def test_neither_answers_nor_hashes_nor_the_audit_trail_hold_the_code(client: FlaskClient, session: Session) -> None:
    sent = client.post(f"{V1}/send-otp", json={"phone": PHONE})
    code = code_sent_to(session)
    refused, signed_in = verify(client, wrong(code)), verify(client, code)

    contexts = session.execute(select(AuditEvent.context, AuditEvent.new_value)).all()
    written = f"{sent.text} {refused.text} {contexts}"
    assert code not in written
    assert signed_in.status_code == 200
