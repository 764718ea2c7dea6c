"""Whether a password is right, and still right once the user's row is locked."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.errors import BadRequest
from app.models import User
from app.services import locks, login_backoff, passwords
from app.transaction import reading, transaction


class InvalidCredentials(BadRequest):
    code = "INVALID_CREDENTIALS"
    message = "E-mail or password is wrong."


def check_own(password: str, caller: Caller) -> str | None:
    """The stored hash of the caller's password, which was checked; hand it to `unchanged`.

    Raises InvalidCredentials when the password is wrong, TooManyRequests after several wrong ones.
    """
    guessed = {"account": f"user:{caller.user_id}", "address": caller.origin.address}
    login_backoff.check(**guessed)
    with reading() as connection:
        stored = connection.execute(select(User.password_hash).where(User.id == caller.user_id)).scalar_one()
    matches, _ = passwords.verify_password(password, stored)
    with transaction() as session:
        if matches:
            login_backoff.forget(session, **guessed)
        else:
            login_backoff.note_failure(session, **guessed)
    if not matches:
        raise InvalidCredentials("The current password is wrong.")
    return stored


def unchanged(session: Session, *, user_id: int, password_hash: str | None) -> User:
    """The user, locked, if the password just checked is still theirs; checking takes long enough for a reset to pass.

    A step; raises InvalidCredentials.
    """
    user = locks.user(session, user_id=user_id)
    if user is None or not user.is_active or user.password_hash != password_hash:
        raise InvalidCredentials
    return user
