"""Who may touch whom: only an ADMIN a MANAGER or ADMIN, nobody their own role, and one active ADMIN always stays."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import Role
from app.domain.roles import PRIVILEGED
from app.errors import Conflict, DomainError, Forbidden, NotFound
from app.models import User
from app.services import locks


class UserNotFound(NotFound):
    code = "USER_NOT_FOUND"
    message = "There is no such user."


class CannotModifySelfRole(DomainError):
    code = "CANNOT_MODIFY_SELF_ROLE"
    status = 403
    message = "Nobody changes their own role. Ask another ADMIN."


class CannotDeactivateSelf(DomainError):
    code = "CANNOT_DEACTIVATE_SELF"
    status = 403
    message = "Nobody blocks their own account. Ask another ADMIN."


class OnlyForAdmins(Forbidden):
    message = "Only an ADMIN may grant the roles MANAGER and ADMIN, or change somebody who has one of them."


class RightsChanged(Forbidden):
    message = "Your own account was changed meanwhile. Sign in again."


class LastAdmin(Conflict):
    code = "LAST_ADMIN"
    message = "This is the last active ADMIN. Make another one first."


def touchable(
    session: Session, caller: Caller, *, user_id: int, role: Role | None = None, is_active: bool | None = None
) -> User:
    """The user, locked, if the caller may change them, and give them this role and state. A step.

    The caller is locked along, and must still be who they were: of two admins who demote each other at once the second
    finds that the first was faster. As an ADMIN stays whenever one goes, there is always one.
    Raises UserNotFound, CannotModifySelfRole, CannotDeactivateSelf, OnlyForAdmins, LastAdmin or RightsChanged.
    """
    _check_self(caller, user_id, role, is_active)
    found = locks.users(session, user_ids={caller.user_id, user_id})
    user, changer = found.get(user_id), found.get(caller.user_id)
    if user is None:
        raise UserNotFound
    _check_rank(caller, user, role)
    if _loses_admin(user, role, is_active) and not _another_admin(session, user):
        raise LastAdmin
    if changer is None or not changer.is_active or changer.role is not caller.role:
        raise RightsChanged
    return user


def check_admin_stays(session: Session, user: User) -> None:
    """Raise LastAdmin where nobody would be left if this locked user went. A step."""
    if _loses_admin(user, None, is_active=False) and not _another_admin(session, user):
        raise LastAdmin


def check_grant(caller: Caller, role: Role | None) -> None:
    """Raise OnlyForAdmins unless the caller may give somebody this role."""
    if role in PRIVILEGED and caller.role is not Role.ADMIN:
        raise OnlyForAdmins


def _check_self(caller: Caller, user_id: int, role: Role | None, is_active: bool | None) -> None:
    if user_id != caller.user_id:
        return
    if role is not None and role is not caller.role:
        raise CannotModifySelfRole
    if is_active is False:
        raise CannotDeactivateSelf


def _check_rank(caller: Caller, user: User, role: Role | None) -> None:
    """A MANAGER may still change their own name and phone, as under /me."""
    if user.id == caller.user_id:
        return
    check_grant(caller, role)
    check_grant(caller, user.role)


def _loses_admin(user: User, role: Role | None, is_active: bool | None) -> bool:
    is_admin = user.role is Role.ADMIN and user.is_active
    return is_admin and (is_active is False or role not in (None, Role.ADMIN))


def _another_admin(session: Session, user: User) -> bool:
    others = exists().where(User.role == Role.ADMIN, User.is_active, User.id != user.id)
    return bool(session.execute(select(others)).scalar_one())
