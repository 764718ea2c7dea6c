"""No answer and no log line gives away a password, a card number or a token."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.extensions import db
from app.middleware.log_format import DiscreetFormatter
from app.models import AuditEvent, OutboxEvent, PaymentToken, RefreshToken, User
from tests.factories import PASSWORD, make_user

AUTH = "/api/v1/auth"
EMAIL = "dana@example.com"
NEW = "rainy-night-8"
CARD = "4111222233334444"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything the application logs, down to the chattiest level, as the access log would write it."""
    stream, logger = io.StringIO(), logging.getLogger("aisle")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(DiscreetFormatter())
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel("DEBUG")
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(level)


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
