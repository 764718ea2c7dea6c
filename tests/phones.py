"""Signing in by phone in tests: the code is read where the outbox keeps it until it is sent."""

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import OutboxEvent

V1 = "/api/v1"
PHONE = "+919876543210"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def code_sent_to(session: Session, phone: str = PHONE) -> str:
    """The newest code on its way to a number."""
    newest = (
        select(OutboxEvent.payload).where(OutboxEvent.aggregate == f"phone:{phone}").order_by(OutboxEvent.id.desc())
    )
    return str(session.execute(newest.limit(1)).scalar_one()["code"])


def send_code(client: FlaskClient, session: Session, phone: str = PHONE) -> str:
    """Ask for a code and read it."""
    answer = client.post(f"{V1}/send-otp", json={"phone": phone})
    assert answer.status_code == 200, answer.text
    return code_sent_to(session, phone)


def verify(client: FlaskClient, code: str, phone: str = PHONE, **more: Any) -> Any:
    return client.post(f"{V1}/verify-otp", json={"phone": phone, "otp": code, **more})


def sign_in_by_phone(client: FlaskClient, session: Session, phone: str = PHONE) -> dict[str, Any]:
    """The tokens of a sign-in by phone."""
    data: dict[str, Any] = verify(client, send_code(client, session, phone), phone).json["data"]
    return data


def wrong(code: str) -> str:
    """Another code."""
    return "100000" if code != "100000" else "100001"
