"""Other people's sign-ins and second factors, as managers and admins handle them."""

from app.domain.caller import Caller
from app.errors import Forbidden
from app.schemas.sessions import OpenSession
from app.services import audit, second_factor, sessions, tokens
from app.services.second_factor import SecondFactorNotEnabled
from app.services.users import reading, rules
from app.transaction import transaction


class NotOwnSecondFactor(Forbidden):
    message = "Reset the second factor of others; disable your own with a code of it."


def list_sessions(caller: Caller, *, user_id: int) -> list[OpenSession]:
    """The open sessions of a user, newest first. Raises UserNotFound."""
    reading.show(user_id=user_id)
    return sessions.list_open(caller, user_id=user_id)


def end_sessions(caller: Caller, *, user_id: int) -> int:
    """End every session of a user at once; answers how many. Raises UserNotFound, OnlyForAdmins, RightsChanged."""
    with transaction() as session:
        user = rules.touchable(session, caller, user_id=user_id)
        ended = tokens.revoke_all(session, user_id=user.id, because="ended_by_staff")
        if ended:
            audit.record(
                session,
                entity_type="user",
                action="SESSIONS_ENDED",
                entity_id=user.id,
                by=caller,
                context={"session_ids": ended},
            )
    return len(ended)


def reset_second_factor(caller: Caller, *, user_id: int) -> None:
    """Take the second factor from somebody who lost it, and end their sessions.

    Raises NotOwnSecondFactor, UserNotFound, OnlyForAdmins, RightsChanged, SecondFactorNotEnabled.
    """
    if user_id == caller.user_id:
        raise NotOwnSecondFactor
    with transaction() as session:
        user = rules.touchable(session, caller, user_id=user_id)
        if user.totp_enabled_at is None:
            raise SecondFactorNotEnabled
        second_factor.remove(session, user)
        tokens.revoke_all(session, user_id=user.id, because="second_factor_reset")
        audit.record(session, entity_type="user", action="SECOND_FACTOR_RESET", entity_id=user.id, by=caller)
