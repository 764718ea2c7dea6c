"""Admins made by an operator at the command line: the way to the first one."""

from sqlalchemy import select

from app.config import settings
from app.domain.enums import Role
from app.errors import Conflict
from app.models import User
from app.schemas.users import NewAdmin
from app.services import audit, locks, passwords, tokens
from app.services.accounts import UserExists
from app.services.refusals import refused_as
from app.services.users.rules import UserNotFound
from app.transaction import transaction

_BY = {"by": "flask create-admin"}


class AdminExists(UserExists):
    message = "An account with this e-mail address exists. Use --promote to make it an ADMIN; its password stays."


class NobodyToPromote(UserNotFound):
    message = "There is no account with this e-mail address. Leave out --promote to make one."


class AdminAlready(Conflict):
    message = "This account is an ADMIN already."


class BlockedAccount(Conflict):
    message = "This account is blocked. Let an ADMIN unblock it, or make another one."


def create(form: NewAdmin) -> None:
    """Make an ADMIN. Raises AdminExists."""
    password_hash = passwords.hash_password(form.password)
    with transaction() as session:
        user = User(email=form.email, full_name=form.full_name, role=Role.ADMIN, password_hash=password_hash)
        user.language = settings().default_language
        session.add(user)
        with refused_as({"uq_users_email": AdminExists}):
            session.flush()
        new = {"email": form.email, "full_name": form.full_name, "role": Role.ADMIN.value}
        audit.record(session, entity_type="User", action="USER_CREATED", entity_id=user.id, new=new, context=_BY)


def promote(*, email: str) -> None:
    """Make a user an ADMIN and end their sessions; the password stays.

    Raises NobodyToPromote, BlockedAccount, AdminAlready.
    """
    with transaction() as session:
        user_id = session.execute(select(User.id).where(User.email == email)).scalar_one_or_none()
        user = locks.user(session, user_id=user_id) if user_id is not None else None
        if user is None:
            raise NobodyToPromote
        if not user.is_active:
            raise BlockedAccount
        if user.role is Role.ADMIN:
            raise AdminAlready
        old, user.role = user.role, Role.ADMIN
        tokens.revoke_all(session, user_id=user.id, because="role_changed")
        audit.record(
            session,
            entity_type="User",
            action="USER_UPDATED",
            entity_id=user.id,
            old={"role": old.value},
            new={"role": Role.ADMIN.value},
            context=_BY,
        )
