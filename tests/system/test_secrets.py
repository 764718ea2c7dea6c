"""No answer and no log line gives away a password, a card number, a token or what a second factor is made of."""

import io
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain import totp
from app.domain.enums import Role
from app.extensions import db
from app.models import (
    AuditEvent,
    Notification,
    OutboxEvent,
    PaymentToken,
    PhoneCode,
    RecoveryCode,
    RefreshToken,
    RegistrationCode,
    User,
)
from app.services import relay
from tests.factories import PASSWORD, make_user, sign_in
from tests.phones import PHONE, code_sent_to, verify, wrong

AUTH = "/api/v1/auth"
EMAIL = "dana@example.com"
NEW = "rainy-night-8"
CARD = "4111222233334444"
OTHER_PHONE = "+919876500000"


def walk(client: FlaskClient) -> tuple[list[Any], list[str]]:
    """Everything a user does with secrets: the answers, and the tokens that were handed out on the way."""
    signed_in = client.post(f"{AUTH}/login", json={"email": EMAIL, "password": PASSWORD}).json["data"]
    renewed = client.post(f"{AUTH}/refresh", headers=bearer(signed_in["refresh_token"])).json["data"]
    headers = bearer(renewed["access_token"])
    link = client.post(f"{AUTH}/forgot-password", json={"email": EMAIL}).json["data"]["reset_token"]
    answers = [
        client.post(f"{AUTH}/login", json={"email": EMAIL, "password": NEW}),
        client.post(f"{AUTH}/login", json={"email": EMAIL, "password": [PASSWORD]}),
        client.get(f"{AUTH}/me?token={link}&password={PASSWORD}", headers=headers),
        client.post("/api/v1/me/payment-tokens", json={"card_number": CARD}, headers=headers),
        client.post("/api/v1/me/payment-tokens", json={"card_number": CARD + "0" * 9}, headers=headers),
        client.get("/api/v1/me/payment-tokens", headers=headers),
        client.post(f"{AUTH}/reset-password", json={"email": EMAIL, "token": link + "x", "new_password": NEW}),
        client.post(
            f"{AUTH}/change-password", json={"current_password": PASSWORD, "new_password": NEW}, headers=headers
        ),
        client.get(f"{AUTH}/me", headers=headers),
    ]
    tokens = [signed_in["access_token"], signed_in["refresh_token"], renewed["access_token"], link]
    return answers, tokens


FACTOR = f"{AUTH}/second-factor"


@dataclass
class Walk:
    """What came back: the one answer each secret belongs in is not among the others."""

    secrets: list[str]
    answers: list[TestResponse]


def walk_with_a_second_factor(client: FlaskClient, session: Session, clock: pytest.MonkeyPatch) -> Walk:
    """Set it up, mistype it everywhere, use the app and a recovery code, renew the codes, and have it reset."""
    manager = make_user(session, email=EMAIL, password=PASSWORD, role=Role.MANAGER)
    headers = sign_in(session, manager)
    made = client.post(f"{FACTOR}/setup", headers=headers).json["data"]
    secret, wrong = made["secret"], "wrong-code"
    now = totp.current_step()
    codes = [totp.code_at(secret, now + step) for step in range(3)]
    enabled = client.post(f"{FACTOR}/enable", json={"code": codes[0]}, headers=headers).json["data"]["recovery_codes"]
    clock.setattr(totp, "current_step", lambda: now + 1)
    renewed = client.post(f"{FACTOR}/recovery-codes", json={"code": codes[1]}, headers=headers)
    recovery = renewed.json["data"]["recovery_codes"]
    clock.setattr(totp, "current_step", lambda: now + 2)
    login = {"email": EMAIL, "password": PASSWORD}
    admin = sign_in(session, make_user(session, role=Role.ADMIN))
    answers = [
        client.post(f"{FACTOR}/setup", headers=headers),
        client.post(f"{FACTOR}/enable", json={"code": secret}, headers=headers),
        client.post(f"{FACTOR}/enable", json={"code": [made["otpauth_uri"]]}, headers=headers),
        client.post(f"{FACTOR}/recovery-codes", json={"code": wrong}, headers=headers),
        client.post(f"{FACTOR}/recovery-codes", json={"codes": recovery}, headers=headers),
        client.post(f"{FACTOR}/disable", json={"password": PASSWORD, "code": enabled[0]}, headers=headers),
        client.get(f"{FACTOR}?code={codes[2]}&secret={secret}", headers=headers),
        client.post(f"{AUTH}/login", json={**login, "totp_code": enabled[1]}),
        client.post(f"{AUTH}/login", json={**login, "totp_code": [recovery[0]]}),
        client.post(f"{AUTH}/login", json={**login, "totp_code": recovery[0]}),
        client.post(f"{AUTH}/login", json={**login, "totp_code": recovery[0]}),
        client.post(f"{AUTH}/login", json={**login, "totp_code": codes[2]}),
        client.get(FACTOR, headers=headers),
        client.get("/api/v1/me", headers=headers),
        client.get(f"/api/v1/admin/users/{manager.id}", headers=admin),
        client.post(f"/api/v1/admin/users/{manager.id}/second-factor/reset", headers=admin),
        client.get("/api/v1/admin/audit", headers=admin),
    ]
    secrets = [secret, made["otpauth_uri"], *enabled, *recovery]
    return Walk([*secrets, *(code.replace("-", "") for code in enabled + recovery)], answers)


def test_what_a_second_factor_is_made_of_is_told_once_and_never_again(
    client: FlaskClient, session: Session, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked = walk_with_a_second_factor(client, session, monkeypatch)

    written = log.getvalue()
    assert f"{FACTOR}/recovery-codes" in written
    assert {answer.status_code for answer in walked.answers} == {200, 400, 409}
    assert [secret for secret in walked.secrets if secret in written] == []
    assert [secret for secret in walked.secrets for answer in walked.answers if secret in answer.text] == []


def test_no_row_holds_what_a_second_factor_is_made_of(
    client: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = client.post(f"{FACTOR}/setup", headers=sign_in(session, make_user(session))).json["data"]["secret"]
    walked = walk_with_a_second_factor(client, session, monkeypatch)

    tables = (User, RecoveryCode, AuditEvent, OutboxEvent, Notification)
    stored = " ".join(str(row) for table in tables for row in session.execute(select(table.__table__)))
    assert "SECOND_FACTOR_RESET" in stored
    assert "RECOVERY_CODES_RENEWED" in stored
    assert [found for found in [secret, *walked.secrets] if found in stored] == []


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_no_answer_and_no_log_line_holds_a_secret(client: FlaskClient, session: Session, log: io.StringIO) -> None:
    make_user(session, email=EMAIL, password=PASSWORD)

    answers, tokens = walk(client)

    secrets = [PASSWORD, NEW, CARD, *tokens]
    written = log.getvalue()
    assert "/api/v1/me/payment-tokens" in written
    assert [secret for secret in secrets if secret in written] == []
    assert [secret for secret in secrets for answer in answers if secret in answer.text] == []


def walk_by_phone(client: FlaskClient, session: Session) -> tuple[list[str], list[TestResponse]]:
    """Sign in by phone with every mistake on the way, link both ways, renew and log out: the secrets, the answers."""
    sent = client.post("/api/v1/send-otp", json={"phone": PHONE})
    code = code_sent_to(session)
    mistaken = [verify(client, wrong(code)), verify(client, code + "0"), verify(client, code, PHONE + "x")]
    tokens = verify(client, code).json["data"]
    headers, link = bearer(tokens["access_token"]), "/api/v1/link"
    body = {"refresh_token": tokens["refresh_token"]}
    answers = [
        sent,
        *mistaken,
        verify(client, code),
        client.get(f"/api/v1/verify-otp?phone={PHONE}&otp={code}"),
        client.get(f"/api/v1/{PHONE}"),
        client.post(f"{link}/phone", json={"phone": OTHER_PHONE}, headers=headers),
        client.post(f"{link}/phone/verify", json={"phone": OTHER_PHONE, "otp": code}, headers=headers),
        client.post(f"{link}/email", json={"email": EMAIL}, headers=headers),
        client.post(f"{link}/email/verify", json={"email": EMAIL, "code": code, "password": NEW}, headers=headers),
    ]
    codes = [code, code_sent_to(session, OTHER_PHONE)]
    relay.relay_due()
    renewed = client.post(f"{AUTH}/refresh", json=body).json["data"]
    answers += [client.post(f"{AUTH}/refresh", json=body), client.post("/api/v1/logout", json=body, headers=headers)]
    given = [tokens["access_token"], tokens["refresh_token"], renewed["access_token"], renewed["refresh_token"]]
    return [*codes, *given, NEW], answers


def test_a_sign_in_by_phone_leaves_neither_code_nor_token_nor_number_in_the_log(
    client: FlaskClient, session: Session, log: io.StringIO
) -> None:
    secrets, answers = walk_by_phone(client, session)

    written = log.getvalue()
    assert "/api/v1/link/phone/verify" in written
    numbers = [number[start:] for number in (PHONE, OTHER_PHONE) for start in (0, 3)]
    assert [secret for secret in [*secrets, *numbers, EMAIL] if secret in written] == []
    assert [secret for secret in secrets for answer in answers if secret in answer.text] == []


def test_a_sent_code_is_forgotten_and_no_row_but_the_sandboxs_holds_it(client: FlaskClient, session: Session) -> None:
    secrets, _ = walk_by_phone(client, session)

    tables = (User, PhoneCode, RegistrationCode, AuditEvent, OutboxEvent, RefreshToken)
    stored = " ".join(str(row) for table in tables for row in session.execute(select(table.__table__)))
    assert PHONE in stored
    assert [secret for secret in secrets if secret in stored] == []


@pytest.mark.parametrize("bind", [None, "read"])
def test_a_failing_statement_is_reported_without_its_values(app: Flask, bind: str | None) -> None:
    with app.app_context():
        engine = db.engines[bind]

    with engine.connect() as connection, pytest.raises(DBAPIError) as failure:
        connection.execute(text("SELECT 1 / 0, :password"), {"password": PASSWORD})

    assert PASSWORD not in str(failure.value)


def test_no_row_holds_a_secret_but_the_mail_on_its_way(client: FlaskClient, session: Session) -> None:
    make_user(session, email=EMAIL, password=PASSWORD)

    _, tokens = walk(client)

    rows = [
        *session.execute(select(User.__table__)),
        *session.execute(select(PaymentToken.__table__)),
        *session.execute(select(RefreshToken.__table__)),
        *session.execute(select(AuditEvent.__table__)),
        *session.execute(select(OutboxEvent.__table__).where(OutboxEvent.topic != "password.reset")),
    ]
    stored = " ".join(str(row) for row in rows)
    assert "4444" in stored
    assert [secret for secret in [PASSWORD, NEW, CARD, *tokens] if secret in stored] == []
