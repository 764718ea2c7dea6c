"""Sign-ins that are still open, and ending them."""

from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.errors import NotFound
from app.models import AuthSession, RefreshToken
from app.schemas.sessions import OpenSession
from app.services import audit, tokens
from app.transaction import reading, transaction

MOST_SHOWN = 200


class SessionNotFound(NotFound):
    message = "You have no such open session."


_OPEN = (
    select(
        AuthSession.id,
        AuthSession.created_at,
        AuthSession.user_agent,
        AuthSession.address,
        (AuthSession.id == bindparam("current_id")).label("is_current"),
    )
    .where(
        AuthSession.user_id == bindparam("user_id"),
        AuthSession.revoked_at.is_(None),
        exists().where(RefreshToken.session_id == AuthSession.id, RefreshToken.expires_at > func.now()),
    )
    .order_by(AuthSession.id.desc())
    .limit(MOST_SHOWN)
)


def list_open(caller: Caller, *, user_id: int) -> list[OpenSession]:
    """The open sessions of a user, newest first, at most 200 (one statement). Who may ask is the caller's affair."""
    with reading() as connection:
        rows = connection.execute(_OPEN, {"user_id": user_id, "current_id": caller.session_id}).all()
    return [OpenSession.model_validate(row) for row in rows]


def end_own(caller: Caller, *, session_id: int) -> None:
    """End one of the caller's sessions, at once. Raises SessionNotFound, for a stranger's as for an ended one."""
    with transaction() as session:
        if not tokens.revoke_session(session, session_id=session_id, user_id=caller.user_id, because="ended_by_user"):
            raise SessionNotFound
        _record(session, caller, [session_id])


def end_others(caller: Caller) -> int:
    """End every session of the caller but the present one; answers how many."""
    with transaction() as session:
        ended = tokens.revoke_all(session, user_id=caller.user_id, because="ended_by_user", keep=caller.session_id)
        if ended:
            _record(session, caller, ended)
    return len(ended)


def _record(session: Session, caller: Caller, ended: list[int]) -> None:
    audit.record(
        session,
        entity_type="user",
        action="SESSIONS_ENDED",
        entity_id=caller.user_id,
        by=caller,
        context={"session_ids": ended},
    )
