"""Proving an e-mail address before registration: four digits, ten minutes, one live code, five tries."""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.config import settings
from app.errors import BadRequest, Conflict, Forbidden
from app.models import RegistrationCode, User
from app.services import locks, outbox
from app.transaction import transaction

LIFETIME = timedelta(minutes=10)
VERIFIED_FOR = timedelta(minutes=30)
TRIES = 5


class UserAlreadyExists(Conflict):
    code = "USER_ALREADY_EXISTS"
    message = "An account with this e-mail address exists. Sign in instead."


class CodesNotOffered(Forbidden):
    code = "OTP_NOT_ENVIRONMENT"
    message = "Registration codes are switched off here; register without one."


class InvalidRegistrationCode(BadRequest):
    code = "INVALID_REGISTRATION_OTP"
    message = "The code is wrong, used or expired. Ask for a new one."


class EmailNotVerified(BadRequest):
    code = "EMAIL_NOT_VERIFIED"
    message = "Prove the e-mail address first: register/send-otp, then register/verify-otp."


def send(*, email: str) -> str:
    """Make the one live code of an address, to be mailed by the outbox; the answer must not leave development.

    Raises UserAlreadyExists, or CodesNotOffered in production without ENABLE_REGISTRATION_OTP.
    """
    if settings().in_production and not settings().enable_registration_otp:
        raise CodesNotOffered
    code = str(secrets.randbelow(9000) + 1000)
    fresh = {"code_hash": _hash(email, code), "attempts": 0, "verified_at": None, "expires_at": _now() + LIFETIME}
    with transaction() as session:
        if session.execute(select(User.id).where(User.email == email)).first():
            raise UserAlreadyExists
        session.execute(
            insert(RegistrationCode)
            .values(email=email, **fresh)
            .on_conflict_do_update(index_elements=[RegistrationCode.email], set_=fresh)
        )
        outbox.publish(
            session, topic="registration.code", aggregate=f"email:{email}", payload={"email": email, "code": code}
        )
    return code


def verify(*, email: str, code: str) -> None:
    """Prove the address with its code; works once. Raises InvalidRegistrationCode (a wrong try is counted)."""
    with transaction() as session:
        live = locks.registration_code(session, email=email)
        good = live is not None and _is_live(live) and hmac.compare_digest(live.code_hash, _hash(email, code))
        if live is not None:
            live.attempts += 1
            if good:
                live.verified_at = _now()
    if not good:
        raise InvalidRegistrationCode


def consume_verified(session: Session, *, email: str) -> None:
    """Use up a proof of this address made in the last half hour. A step; raises EmailNotVerified."""
    used = session.execute(
        delete(RegistrationCode)
        .where(RegistrationCode.email == email, RegistrationCode.verified_at > _now() - VERIFIED_FOR)
        .returning(RegistrationCode.email)
    ).first()
    if used is None:
        raise EmailNotVerified


def _is_live(code: RegistrationCode) -> bool:
    return code.verified_at is None and code.attempts < TRIES and code.expires_at > _now()


def _hash(email: str, code: str) -> str:
    """Keyed: four digits alone could be found from a plain hash in no time."""
    return hmac.new(settings().jwt_secret_key.encode(), f"{email}:{code}".encode(), hashlib.sha256).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC)
