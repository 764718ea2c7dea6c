"""Users, their roles, branches and sessions."""

from flask import Blueprint, Response

from app.middleware.answers import answer, bare
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Message
from app.schemas.privacy import ErasedAccount, ErasureByAdmin
from app.schemas.sessions import EndedSessions, OpenSession
from app.schemas.users import ManagedUserDetails, NewStaff, UserChange, UserPage, UserQuery, UserToggle
from app.services.accounts import UserExists
from app.services.branches import BranchNotFound
from app.services.phone.numbers import PhoneIsSignIn
from app.services.privacy import erasing, obligations
from app.services.second_factor import SecondFactorNotEnabled
from app.services.users import access, branches, changing, hiring, reading, rules

users = Blueprint("managed_users", __name__)
staff = Blueprint("staff_accounts", __name__)

_UNTOUCHABLE = (rules.UserNotFound, rules.OnlyForAdmins, rules.RightsChanged)


@users.get("/users")
@endpoint(query=UserQuery, bare=True, answers={200: UserPage})
def list_users(query: UserQuery) -> Response:
    """List users, oldest first.

    The list is flat, as older clients read it: `total`, `limit` and `offset` stand beside `data`.
    """
    return bare(reading.page(query))


@users.get("/users/<int:user_id>")
@endpoint(answers={200: ManagedUserDetails}, errors=(rules.UserNotFound,))
def show_user(user_id: int) -> Response:
    """Show a user with their branches."""
    return answer(reading.show(user_id=user_id))


@users.patch("/users/<int:user_id>")
@endpoint(
    body=UserChange,
    answers={200: ManagedUserDetails},
    errors=(
        *_UNTOUCHABLE,
        rules.CannotModifySelfRole,
        rules.CannotDeactivateSelf,
        rules.LastAdmin,
        BranchNotFound,
        branches.NotABranch,
        branches.NotStaff,
        changing.UserErased,
        changing.StaffNeedEmail,
        PhoneIsSignIn,
    ),
)
def change_user(user_id: int, body: UserChange) -> Response:
    """Change role, state, name, phone or branches.

    Only an ADMIN grants MANAGER and ADMIN, or touches who has one of them. A new role or a block ends all sessions.
    """
    return answer(changing.change(body, current_caller(), user_id=user_id))


@users.patch("/users/<int:user_id>/toggle")
@endpoint(
    query=UserToggle,
    answers={200: ManagedUserDetails},
    errors=(
        *_UNTOUCHABLE,
        rules.CannotDeactivateSelf,
        rules.LastAdmin,
        changing.UserErased,
        changing.MissingActiveParam,
    ),
)
def toggle_user(user_id: int, query: UserToggle) -> Response:
    """Block a user, which ends all their sessions at once, or unblock them."""
    return answer(changing.toggle(query, current_caller(), user_id=user_id))


@users.get("/users/<int:user_id>/sessions")
@endpoint(answers={200: list[OpenSession]}, errors=(rules.UserNotFound,))
def list_user_sessions(user_id: int) -> Response:
    """List where a user is signed in, newest first."""
    return answer(access.list_sessions(current_caller(), user_id=user_id))


@users.delete("/users/<int:user_id>/sessions")
@endpoint(answers={200: EndedSessions}, errors=_UNTOUCHABLE)
def end_user_sessions(user_id: int) -> Response:
    """End every session of a user."""
    return answer(EndedSessions(ended=access.end_sessions(current_caller(), user_id=user_id)))


@staff.post("/users")
@endpoint(
    body=NewStaff,
    answers={201: ManagedUserDetails},
    errors=(UserExists, BranchNotFound, branches.NotABranch),
)
def create_staff(body: NewStaff) -> Response:
    """Make a staff account; a link that sets its password is mailed, good for three days."""
    return answer(hiring.hire(body, current_caller()), status=201)


@staff.post("/users/<int:user_id>/second-factor/reset")
@endpoint(
    answers={200: Message},
    errors=(rules.UserNotFound, rules.RightsChanged, access.NotOwnSecondFactor, SecondFactorNotEnabled),
)
def reset_second_factor(user_id: int) -> Response:
    """Take the second factor from somebody who lost the device; their sessions end."""
    access.reset_second_factor(current_caller(), user_id=user_id)
    return answer(Message(message="The second factor is reset. The password alone signs in until a new one is set up."))


@staff.post("/users/<int:user_id>/erasure")
@endpoint(
    body=ErasureByAdmin,
    body_optional=True,
    answers={200: ErasedAccount},
    errors=(*_UNTOUCHABLE, rules.CannotDeactivateSelf, rules.LastAdmin, *obligations.REFUSALS),
)
def erase_user(user_id: int, body: ErasureByAdmin) -> Response:
    """Forget somebody on their request, for good and at once: a customer, a vendor whose shop is wound up, or staff.

    The same rules hold as for who erases themselves. Repeating it changes nothing.
    """
    return answer(erasing.erase_by_admin(body, current_caller(), user_id=user_id))
