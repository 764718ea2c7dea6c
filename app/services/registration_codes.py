"""Proving an e-mail address before registration: four digits, ten minutes, one live code, five tries.

Other proofs of an address share the table, each code good for the purpose it was made for alone.
"""

import hmac
import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.caller import Origin
from app.domain.enums import Language
from app.errors import BadRequest, Conflict, Forbidden
from app.models import RegistrationCode, User
from app.services import locks, outbox
from app.services.secrets_at_rest import keyed_hash
from app.transaction import transaction

LIFETIME = timedelta(minutes=10)
VERIFIED_FOR = timedelta(minutes=30)
TRIES = 5
_REGISTRATION = "registration"


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


def send(origin: Origin, *, email: str) -> str:
    """Make the one live code of an address, to be mailed by the outbox; the answer must not leave development.

    Raises UserAlreadyExists, or CodesNotOffered in production without ENABLE_REGISTRATION_OTP.
    """
    if settings().in_production and not settings().enable_registration_otp:
        raise CodesNotOffered
    code = str(secrets.randbelow(9000) + 1000)
    with transaction() as session:
        if session.execute(select(User.id).where(User.email == email)).first():
            raise UserAlreadyExists
        mail(session, email=email, code=code, purpose=_REGISTRATION, language=origin.language)
    return code


def mail(session: Session, *, email: str, code: str, purpose: str, language: Language | None) -> None:
    """Make `code` the one live code of an address; the outbox mails it. A step.

    `language` is that of a message to an address no user has.
    """
    fresh = {
        "code_hash": keyed_hash(purpose, email, code),
        "attempts": 0,
        "verified_at": None,
        "expires_at": _now() + LIFETIME,
    }
    session.execute(
        insert(RegistrationCode)
        .values(email=email, **fresh)
        .on_conflict_do_update(index_elements=[RegistrationCode.email], set_=fresh)
    )
    payload = {"email": email, "code": code, "language": language}
    outbox.publish(session, topic="registration.code", aggregate=f"email:{email}", payload=payload)


def verify(*, email: str, code: str) -> None:
    """Prove the address with its code; works once. Raises InvalidRegistrationCode (a wrong try is counted)."""
    with transaction() as session:
        good = proves(session, email=email, code=code, purpose=_REGISTRATION)
    if not good:
        raise InvalidRegistrationCode


def proves(session: Session, *, email: str, code: str, purpose: str) -> bool:
    """Whether this is the live code of an address for a purpose; then it is used up. A step that counts the try."""
    live = locks.registration_code(session, email=email)
    if live is None:
        return False
    right = hmac.compare_digest(live.code_hash, keyed_hash(purpose, email, code))
    good = right and _is_live(live)
    live.attempts += 1
    live.verified_at = _now() if good else live.verified_at
    return good


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


def _now() -> datetime:
    return datetime.now(UTC)
