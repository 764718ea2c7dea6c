"""Staff accounts: made by an ADMIN without a password, which the new colleague sets by a mailed link."""

from app.config import settings
from app.domain.caller import Caller
from app.models import User
from app.schemas.users import ManagedUserDetails, NewStaff
from app.services import audit, password_resets
from app.services.accounts import UserExists
from app.services.refusals import refused_as
from app.services.users import branches, reading, rules
from app.transaction import transaction


def hire(form: NewStaff, caller: Caller) -> ManagedUserDetails:
    """Make a staff account and mail the link that sets its password.

    Raises UserExists, OnlyForAdmins, BranchNotFound, NotABranch.
    """
    rules.check_grant(caller, form.role)
    language = form.language or settings().default_language
    values = form.model_dump(exclude={"branch_ids", "language"}) | {"language": language}
    with transaction() as session:
        branches.check(session, form.branch_ids)
        user = User(**values)
        session.add(user)
        with refused_as({"uq_users_email": UserExists}):
            session.flush()
        _, branch_ids = branches.replace(session, user_id=user.id, role=form.role, branch_ids=form.branch_ids)
        password_resets.invite(session, user_id=user.id, email=form.email)
        new = {**form.model_dump(mode="json"), "branch_ids": branch_ids, "language": language.value}
        audit.record(session, entity_type="User", action="USER_CREATED", entity_id=user.id, by=caller, new=new)
        return reading.details(session, user_id=user.id)
