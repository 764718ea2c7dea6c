"""Codes that prove a phone number: six digits, ten minutes, one live code for each number, five wrong tries, used once.

A code proves its number for one purpose alone: one sent for a sign-in links no account, and one that links this account
links no other.
"""

import hmac
import secrets
from datetime import UTC, datetime, timedelta
from enum import Enum

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.enums import Language
from app.models import PhoneCode
from app.services import locks, outbox
from app.services.secrets_at_rest import keyed_hash

LIFETIME = timedelta(minutes=10)
TRIES = 5
SIGN_IN = "sign-in"
PAIR = "pair"
"""Begins the purpose of a code that is typed on a trolley; the trolley's device follows."""


class Verdict(Enum):
    """What came of a try; WRONG also stands for a code that is used, dead or was never sent."""

    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"


def six_digits() -> str:
    """A fresh code, 100000 to 999999."""
    return str(secrets.randbelow(900_000) + 100_000)


def issue(session: Session, *, phone: str, purpose: str, language: Language | None = None) -> None:
    """Make the one live code of a number; the outbox sends it. An older code of the number is dead. A step.

    `language` is that of a message to a number no user has.
    """
    code, expires_at = six_digits(), datetime.now(UTC) + LIFETIME
    fresh = {
        "code_hash": keyed_hash(purpose, phone, code),
        "attempts": 0,
        "used_at": None,
        "expires_at": expires_at,
    }
    session.execute(
        insert(PhoneCode)
        .values(phone=phone, **fresh)
        .on_conflict_do_update(index_elements=[PhoneCode.phone], set_=fresh)
    )
    payload = {
        "phone": phone,
        "code": code,
        "signs_in": purpose == SIGN_IN,
        "pairs": purpose.startswith(PAIR),
        "expires_at": expires_at.isoformat(),
        "language": language,
    }
    outbox.publish(session, topic="phone.code", aggregate=f"phone:{phone}", payload=payload)


def use(session: Session, *, phone: str, code: str, purpose: str) -> Verdict:
    """Try a code, its row locked: used up when right, counted when wrong. A step; the caller must commit either way."""
    live = locks.phone_code(session, phone=phone)
    if live is None or live.used_at is not None or live.attempts >= TRIES:
        return Verdict.WRONG
    if not hmac.compare_digest(live.code_hash, keyed_hash(purpose, phone, code)):
        live.attempts += 1
        return Verdict.WRONG
    if live.expires_at <= datetime.now(UTC):
        return Verdict.EXPIRED
    live.used_at = datetime.now(UTC)
    return Verdict.RIGHT
