"""What a user sees and changes of themselves."""

from sqlalchemy import select

from app.domain.caller import Caller
from app.models import User
from app.schemas.auth import UserSummary
from app.transaction import reading


def summary(caller: Caller) -> UserSummary:
    """Id, e-mail, name and role of the caller."""
    statement = select(User.id, User.email, User.full_name, User.role).where(User.id == caller.user_id)
    with reading() as connection:
        return UserSummary.model_validate(connection.execute(statement).one())
