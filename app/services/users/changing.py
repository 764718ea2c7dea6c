"""Changing users: role, state, name, phone, branches. A new role or a block ends all their sessions at once."""

from typing import Any

from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import Role
from app.domain.roles import STAFF
from app.errors import BadRequest, Conflict
from app.models import User
from app.schemas.users import ManagedUserDetails, UserChange, UserToggle
from app.services import changes, tokens
from app.services.phone.numbers import check_may_change
from app.services.users import branches, reading, rules
from app.transaction import transaction


class MissingActiveParam(BadRequest):
    code = "MISSING_ACTIVE_PARAM"
    message = "Say whether the user shall be active: ?active=true or ?active=false."


class StaffNeedEmail(Conflict):
    code = "STAFF_NEED_EMAIL"
    message = "This user has no e-mail address, and staff sign in with one. Let them link one first."


class UserErased(Conflict):
    code = "USER_ERASED"
    message = "This user was erased at their request. Nothing of the account can be changed or opened again."


def change(form: UserChange, caller: Caller, *, user_id: int) -> ManagedUserDetails:
    """Change what the form names, and audit what really differs.

    Raises the errors of `rules.touchable`, UserErased, StaffNeedEmail, PhoneIsSignIn, BranchNotFound, NotABranch and
    NotStaff.
    """
    with transaction() as session:
        user = _changeable(session, caller, user_id=user_id, role=form.role, is_active=form.is_active)
        _check_ways_in(user, form)
        done = changes.apply(user, _columns(session, form))
        if form.branch_ids is not None:
            done = _bind(session, user, form.branch_ids, done)
        return _finish(session, user, done, caller, "USER_UPDATED")


def toggle(query: UserToggle, caller: Caller, *, user_id: int) -> ManagedUserDetails:
    """Block or unblock a user. Raises MissingActiveParam, UserErased, those of `rules.touchable`."""
    if query.active is None:
        raise MissingActiveParam
    with transaction() as session:
        user = _changeable(session, caller, user_id=user_id, is_active=query.active)
        return _finish(session, user, changes.apply(user, {"is_active": query.active}), caller, "USER_TOGGLED")


def _changeable(
    session: Session, caller: Caller, *, user_id: int, role: Role | None = None, is_active: bool | None = None
) -> User:
    user = rules.touchable(session, caller, user_id=user_id, role=role, is_active=is_active)
    if user.erased_at is not None:
        raise UserErased
    return user


def _check_ways_in(user: User, form: UserChange) -> None:
    """Staff sign in with an e-mail address; a number that signs somebody in is theirs to change."""
    if form.role in STAFF and user.email is None:
        raise StaffNeedEmail
    if form.phone is not None and form.phone != user.phone:
        check_may_change(user)


def _columns(session: Session, form: UserChange) -> dict[str, Any]:
    """The columns a form names. The default branch alone may be taken away with null."""
    given = form.model_dump(exclude_none=True, exclude={"branch_ids", "default_branch_id"})
    if "default_branch_id" in form.model_fields_set:
        given["default_branch_id"] = form.default_branch_id
    if form.role is not None:
        given["role_pending"] = False
    named = [*(form.branch_ids or ()), *filter(None, [form.default_branch_id])]
    branches.check(session, named)
    return given


def _bind(session: Session, user: User, branch_ids: list[int], done: changes.Change) -> changes.Change:
    old, new = branches.replace(session, user_id=user.id, role=user.role, branch_ids=branch_ids)
    if old == new:
        return done
    return changes.Change({**done.old, "branch_ids": old}, {**done.new, "branch_ids": new})


def _finish(session: Session, user: User, done: changes.Change, caller: Caller, action: str) -> ManagedUserDetails:
    changes.record(session, done, entity_type="User", action=action, entity_id=user.id, by=caller)
    if "role" in done.new or done.new.get("is_active") is False:
        tokens.revoke_all(session, user_id=user.id, because="role_changed" if "role" in done.new else "blocked")
    session.flush()
    return reading.details(session, user_id=user.id)
