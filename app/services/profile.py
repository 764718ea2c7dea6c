"""What a user sees and changes of themselves."""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.errors import AuthRequired
from app.models import User
from app.schemas.auth import UserSummary
from app.schemas.profile import Membership, MembershipChange, PhoneChange, Profile, ProfileChange
from app.services import audit, locks
from app.services.phone.numbers import check_may_change
from app.transaction import reading, transaction

_SUMMARY = select(User.id, User.email, User.full_name, User.role).where(User.id == bindparam("user_id"))
_PROFILE = _SUMMARY.add_columns(User.phone, User.membership_tier, User.language)


def summary(caller: Caller) -> UserSummary:
    """Id, e-mail, name and role of the caller."""
    with reading() as connection:
        return UserSummary.model_validate(connection.execute(_SUMMARY, {"user_id": caller.user_id}).one())


def show(caller: Caller) -> Profile:
    """The caller's own data."""
    with reading() as connection:
        return Profile.model_validate(connection.execute(_PROFILE, {"user_id": caller.user_id}).one())


def change(form: ProfileChange, caller: Caller) -> Profile:
    """Change name, phone or language; what the form leaves out stays. Raises PhoneIsSignIn."""
    return _change(form.model_dump(exclude_none=True), "UPDATE_PROFILE", caller)


def change_phone(form: PhoneChange, caller: Caller) -> Profile:
    """Change the phone number. Raises PhoneIsSignIn."""
    return _change(form.model_dump(), "UPDATE_PHONE", caller)


def show_membership(caller: Caller) -> Membership:
    """The caller's membership tier."""
    return Membership(tier=show(caller).membership_tier)


def change_membership(form: MembershipChange, caller: Caller) -> Membership:
    """Join or leave a membership tier; it costs nothing so far."""
    changed = _change({"membership_tier": form.tier}, "UPDATE_MEMBERSHIP", caller)
    return Membership(tier=changed.membership_tier)


def locked(session: Session, caller: Caller) -> User:
    """The caller's row, locked, so that changes to what is theirs wait for each other. A step; raises AuthRequired."""
    user = locks.user(session, user_id=caller.user_id)
    if user is None:
        raise AuthRequired("This account is gone.")
    return user


def _change(values: dict[str, str], action: str, caller: Caller) -> Profile:
    """Write and audit the columns that really change."""
    with transaction() as session:
        user = locked(session, caller)
        old = {name: getattr(user, name) for name, value in values.items() if getattr(user, name) != value}
        new = {name: values[name] for name in old}
        if "phone" in new:
            check_may_change(user)
        for name, value in new.items():
            setattr(user, name, value)
        if new:
            audit.record(session, entity_type="user", action=action, entity_id=user.id, by=caller, old=old, new=new)
        return Profile.model_validate(user)
