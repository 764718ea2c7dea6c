"""Access and refresh tokens, the sessions behind them, and the keys they are signed with."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from flask_jwt_extended import JWTManager, create_access_token, create_refresh_token, decode_token, get_jti
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt import PyJWTError
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.caller import Caller, Origin
from app.domain.enums import Role
from app.errors import AuthFailed, AuthRequired
from app.models import AuthSession, RefreshToken, User
from app.prepared import Prepared
from app.schemas.auth import Tokens
from app.services import locks

_STATE = Prepared(
    select(
        User.id,
        User.role,
        User.is_active,
        User.role_pending,
        User.totp_enabled_at.is_not(None).label("has_second_factor"),
        AuthSession.revoked_at,
    )
    .select_from(AuthSession)
    .join(User, User.id == AuthSession.user_id)
    .where(AuthSession.id == bindparam("session_id"))
)


def key_id(secret: str) -> str:
    """The public name of a signing secret, carried in every token's header."""
    return hashlib.sha256(b"kid:" + secret.encode()).hexdigest()[:12]


def register_signing_keys(jwt: JWTManager) -> None:
    """Sign with the current secret; verify with it or a previous one, chosen by `kid` and by nothing else."""

    @jwt.decode_key_loader
    def decode_key(header: Mapping[str, Any], _payload: Mapping[str, Any]) -> str:
        current = settings()
        secret = _secrets_by_id(current.jwt_secret_key, *current.jwt_previous_secrets).get(str(header.get("kid")))
        if secret is None:
            raise AuthFailed
        return secret


def signed_claims(token: str) -> Mapping[str, Any]:
    """The claims of a token that one of our keys signed; the caller checks kind and end each time.

    Raises JWTExtendedException or PyJWTError.
    """
    current = settings()
    return _signed_claims(token, current.jwt_secret_key, *current.jwt_previous_secrets)


@lru_cache(maxsize=4096)
def _signed_claims(token: str, *_secrets: str) -> Mapping[str, Any]:
    """Kept, as a client sends the same token many times and checking a signature costs as much as a query."""
    return decode_token(token)


@lru_cache(maxsize=4)
def _secrets_by_id(*secrets: str) -> dict[str, str]:
    return {key_id(secret): secret for secret in secrets}


def caller_of(claims: Mapping[str, Any], origin: Origin) -> Caller:
    """The caller of verified access-token claims, role and state as the database has them now (one statement).

    Raises AuthFailed when the session was revoked, AuthRequired when the user is gone or blocked.
    """
    session_id, subject = claims.get("sid"), claims.get("sub")
    if not isinstance(session_id, int):
        raise AuthFailed
    row = _STATE.first(session_id=session_id)
    if row is None or str(row.id) != subject or row.revoked_at is not None:
        raise AuthFailed
    if not row.is_active:
        raise AuthRequired("This account is blocked. Ask the shop.")
    return Caller(
        user_id=row.id,
        role=Role(row.role),
        session_id=session_id,
        origin=origin,
        has_second_factor=row.has_second_factor,
        role_pending=row.role_pending,
    )


def open_session(
    session: Session, *, user_id: int, role: Role, origin: Origin, by_phone: bool = False, minutes: int | None = None
) -> Tokens:
    """Start a session for a user and issue its first pair of tokens. A step: flushes, does not commit.

    The access tokens of a session `by_phone` live PHONE_ACCESS_TOKEN_MINUTES, the first of any session `minutes`
    where given.
    """
    opened = AuthSession(user_id=user_id, user_agent=origin.user_agent or None, address=origin.address or None)
    opened.by_phone = by_phone
    session.add(opened)
    session.flush()
    return _issue(
        session, user_id=user_id, role=role, session_id=opened.id, minutes=minutes or _usual_minutes(by_phone)
    )


def rotate(session: Session, *, jti: UUID) -> Tokens | None:
    """Exchange a refresh token for a new pair. A step.

    Answers None when the token was used before: the caller must then keep the revocation of its session (reuse means
    that a copy is in other hands) and refuse. Raises AuthFailed for unknown, expired or revoked tokens.
    """
    token = locks.refresh_token(session, jti=jti)
    if token is None or token.revoked_at is not None or token.expires_at <= datetime.now(UTC):
        raise AuthFailed
    if not token.is_active:
        raise AuthRequired("This account is blocked. Ask the shop.")
    if token.used_at is not None:
        revoke_session(session, session_id=token.session_id, because="refresh_reused")
        return None
    session.execute(update(RefreshToken).where(RefreshToken.jti == jti).values(used_at=func.now()))
    return _issue(
        session,
        user_id=token.user_id,
        role=Role(token.role),
        session_id=token.session_id,
        minutes=_usual_minutes(token.by_phone),
    )


def revoke_session(session: Session, *, session_id: int, because: str, user_id: int | None = None) -> bool:
    """End one session: its access and refresh tokens stop working at once. A step.

    False when it is ended already, or not the session of `user_id`, where given.
    """
    statement = update(AuthSession).where(AuthSession.id == session_id, AuthSession.revoked_at.is_(None))
    if user_id is not None:
        statement = statement.where(AuthSession.user_id == user_id)
    ended = session.execute(
        statement.values(revoked_at=func.now(), revoked_because=because)
        .returning(AuthSession.id)
        .execution_options(synchronize_session=False)
    )
    return ended.first() is not None


def revoke_all(session: Session, *, user_id: int, because: str, keep: int | None = None) -> list[int]:
    """End every session of a user but `keep`; answers the ids of those that were open. A step."""
    ended = session.execute(
        update(AuthSession)
        .where(AuthSession.user_id == user_id, AuthSession.revoked_at.is_(None), AuthSession.id.is_distinct_from(keep))
        .values(revoked_at=func.now(), revoked_because=because)
        .returning(AuthSession.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(ended.scalars())


def revoke_family(session: Session, *, refresh_token: str, user_id: int) -> None:
    """End the session a refresh token belongs to, if it is one of the user's; any other text is ignored. A step."""
    try:
        claims = signed_claims(refresh_token)
    except (AuthFailed, JWTExtendedException, PyJWTError):
        return
    session_id = claims.get("sid")
    if claims["type"] == "refresh" and isinstance(session_id, int):
        revoke_session(session, session_id=session_id, user_id=user_id, because="logout")


def _usual_minutes(by_phone: bool) -> int:
    current = settings()
    return current.phone_access_token_minutes if by_phone else current.jwt_access_token_expires_minutes


def _issue(session: Session, *, user_id: int, role: Role, session_id: int, minutes: int) -> Tokens:
    current = settings()
    headers = {"kid": key_id(current.jwt_secret_key)}
    lifetime = timedelta(minutes=minutes)
    expires_at = datetime.now(UTC) + lifetime
    claims = {"role": role.value, "sid": session_id}
    access = create_access_token(
        str(user_id), additional_claims=claims, additional_headers=headers, expires_delta=lifetime
    )
    refresh = create_refresh_token(str(user_id), additional_claims={"sid": session_id}, additional_headers=headers)
    session.add(
        RefreshToken(
            jti=UUID(get_jti(refresh)),
            session_id=session_id,
            expires_at=datetime.now(UTC) + timedelta(days=current.jwt_refresh_token_expires_days),
        )
    )
    session.flush()
    return Tokens(access_token=access, refresh_token=refresh, expires_at=expires_at, expires_in=minutes * 60)
