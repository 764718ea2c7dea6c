"""Forgotten passwords: a mailed token, kept as a hash, one live per user, thirty minutes, used once."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.caller import Origin
from app.errors import BadRequest
from app.models import PasswordReset, User
from app.schemas.auth import ResetPasswordRequest
from app.services import audit, login_backoff, outbox, passwords, tokens
from app.transaction import transaction

LIFETIME = timedelta(minutes=30)
INVITED_FOR = timedelta(days=3)


class InvalidOrExpiredToken(BadRequest):
    code = "INVALID_OR_EXPIRED_TOKEN"
    message = "The reset link is wrong, used or expired. Ask for a new one."


_OWNER: Select[*tuple[Any, ...]] = select(User.id, bindparam("token_hash"), bindparam("expires_at")).where(
    User.email == bindparam("email"), User.is_active
)
_FRESH = insert(PasswordReset).from_select(["user_id", "token_hash", "expires_at"], _OWNER)
_MAKE = (
    _FRESH.on_conflict_do_update(
        index_elements=[PasswordReset.user_id],
        set_={"token_hash": _FRESH.excluded.token_hash, "expires_at": _FRESH.excluded.expires_at},
    )
    .returning(PasswordReset.user_id)
    .execution_options(dml_strategy="raw")
)

_USE = (
    delete(PasswordReset)
    .where(
        PasswordReset.user_id == User.id,
        User.email == bindparam("email"),
        PasswordReset.token_hash == bindparam("token_hash"),
        PasswordReset.expires_at > func.now(),
    )
    .returning(PasswordReset.user_id)
    .execution_options(synchronize_session=False)
)


def request(*, email: str, origin: Origin) -> str:
    """Make the one live token of a user, to be mailed by the outbox; the answer must not leave development.

    An unknown or blocked address gets a token too, one that opens nothing: neither the answer nor the work done tells
    a guesser who is a customer.
    """
    token = secrets.token_urlsafe(32)
    fresh = {"email": email, "token_hash": _hash(token), "expires_at": datetime.now(UTC) + LIFETIME}
    with transaction() as session:
        user_id = session.execute(_MAKE, fresh).scalar_one_or_none()
        if user_id is not None:
            _mail(session, user_id=user_id, email=email, token=token)
        audit.record(
            session,
            entity_type="user_password_reset",
            action="FORGOT_PASSWORD_REQUEST",
            entity_id=user_id,
            origin=origin,
        )
    return token


def reset(form: ResetPasswordRequest, origin: Origin) -> None:
    """Set a new password with a mailed token and end every session of the user.

    Raises InvalidOrExpiredToken, for an unknown address as for a wrong token.
    """
    # Hashed before the token is looked at, so that a refusal takes as long as a success.
    password_hash = passwords.hash_password(form.new_password)
    with transaction() as session:
        used = session.execute(_USE, {"email": form.email, "token_hash": _hash(form.token)}).scalar_one_or_none()
        if used is None:
            raise InvalidOrExpiredToken
        session.execute(update(User).where(User.id == used).values(password_hash=password_hash))
        tokens.revoke_all(session, user_id=used, because="password_reset")
        login_backoff.forget(session, account=form.email, address=origin.address)
        audit.record(
            session,
            entity_type="user_password_reset",
            action="RESET_PASSWORD",
            entity_id=used,
            by_user_id=used,
            origin=origin,
        )


def invite(session: Session, *, user_id: int, email: str) -> None:
    """Mail the link that sets the first password of a staff account; it works once, for three days. A step."""
    token = secrets.token_urlsafe(32)
    fresh = {"email": email, "token_hash": _hash(token), "expires_at": datetime.now(UTC) + INVITED_FOR}
    session.execute(_MAKE, fresh)
    _mail(session, user_id=user_id, email=email, token=token, topic="staff.invited")


def discard(session: Session, *, user_id: int) -> None:
    """Make a mailed token useless. A step; comes before the lock on the user, as in `reset`."""
    session.execute(delete(PasswordReset).where(PasswordReset.user_id == user_id))


def _mail(session: Session, *, user_id: int, email: str, token: str, topic: str = "password.reset") -> None:
    link = f"{settings().frontend_base_url.rstrip('/')}/reset-password?token={token}"
    payload = {"email": email, "token": token, "link": link}
    outbox.publish(session, topic=topic, aggregate=f"user:{user_id}", payload=payload)


def _hash(token: str) -> str:
    """A plain hash is enough: the token has 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()
