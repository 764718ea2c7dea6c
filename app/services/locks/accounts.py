"""Users, their refresh tokens, and the codes that prove addresses and phone numbers."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.models import AuthSession, PhoneCode, RefreshToken, RegistrationCode, User
from app.models.base import AnyRow

_REFRESH_TOKEN = (
    select(
        RefreshToken.session_id,
        RefreshToken.expires_at,
        RefreshToken.used_at,
        AuthSession.user_id,
        AuthSession.revoked_at,
        AuthSession.by_phone,
        User.role,
        User.is_active,
    )
    .join(AuthSession, AuthSession.id == RefreshToken.session_id)
    .join(User, User.id == AuthSession.user_id)
    .where(RefreshToken.jti == bindparam("jti"))
    .with_for_update(key_share=True, of=[RefreshToken, AuthSession])
)


def refresh_token(session: Session, *, jti: UUID) -> AnyRow | None:
    """A refresh token with its session and user, token and session locked."""
    return session.execute(_REFRESH_TOKEN, {"jti": jti}).one_or_none()


def user(session: Session, *, user_id: int) -> User | None:
    """A user's row, locked."""
    statement = select(User).where(User.id == user_id).with_for_update(key_share=True)
    return session.execute(statement.execution_options(populate_existing=True)).scalar_one_or_none()


def user_of_phone(session: Session, *, phone: str) -> User | None:
    """The user who signs in with a phone number (E.164), their row locked."""
    verified = select(User).where(User.phone == phone, User.phone_verified_at.is_not(None))
    statement = verified.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.execute(statement).scalar_one_or_none()


def users(session: Session, *, user_ids: Collection[int]) -> dict[int, User]:
    """Users by id, locked in the order of their ids; who does not exist is left out."""
    statement = select(User).where(User.id.in_(user_ids)).order_by(User.id).with_for_update(key_share=True)
    rows = session.execute(statement.execution_options(populate_existing=True)).scalars()
    return {row.id: row for row in rows}


def phone_code(session: Session, *, phone: str) -> PhoneCode | None:
    """The live code of a phone number (E.164), locked."""
    statement = select(PhoneCode).where(PhoneCode.phone == phone).with_for_update()
    return session.execute(statement.execution_options(populate_existing=True)).scalar_one_or_none()


def registration_code(session: Session, *, email: str) -> RegistrationCode | None:
    """The live registration code of an address, locked."""
    statement = select(RegistrationCode).where(RegistrationCode.email == email).with_for_update()
    return session.execute(statement.execution_options(populate_existing=True)).scalar_one_or_none()
