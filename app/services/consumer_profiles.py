"""What consumers tell about themselves: made once after the basic onboarding, then read and changed."""

from sqlalchemy import bindparam, select

from app.domain.caller import Caller
from app.errors import Conflict, NotFound
from app.models import ConsumerProfile, User
from app.schemas.consumer_profile import ConsumerOnboarding, ConsumerProfileAnswer, ConsumerProfileChange
from app.services import changes, onboarding, profile
from app.transaction import reading, transaction


class RoleOnboardingDone(Conflict):
    code = "ROLE_ONBOARDING_DONE"
    message = "Role onboarding already done"


class ConsumerProfileNotFound(NotFound):
    message = "Consumer profile not found"


_PROFILE = (
    select(
        User.full_name.label("name"),
        User.phone,
        User.city,
        User.society,
        ConsumerProfile.flat_number,
        ConsumerProfile.profile_image_url,
        ConsumerProfile.gender,
        ConsumerProfile.date_of_birth,
        ConsumerProfile.preferred_language,
    )
    .join(User, User.id == ConsumerProfile.user_id)
    .where(ConsumerProfile.user_id == bindparam("user_id"))
)
_OF_USER = {"name": "full_name", "city": "city", "society": "society"}
"""Fields of the form that stand in `users`."""


def create(form: ConsumerOnboarding, caller: Caller) -> None:
    """Keep the caller's profile. Raises BasicOnboardingIncomplete or RoleOnboardingDone."""
    with transaction() as session:
        user = profile.locked(session, caller)
        onboarding.check_done(user)
        if session.get(ConsumerProfile, user.id) is not None:
            raise RoleOnboardingDone
        session.add(ConsumerProfile(user_id=user.id, **form.model_dump()))


def show(caller: Caller) -> ConsumerProfileAnswer:
    """The caller's profile (one statement). Raises ConsumerProfileNotFound."""
    with reading() as connection:
        row = connection.execute(_PROFILE, {"user_id": caller.user_id}).one_or_none()
    if row is None:
        raise ConsumerProfileNotFound
    return ConsumerProfileAnswer.model_validate(row)


def change(form: ConsumerProfileChange, caller: Caller) -> None:
    """Change what the form names; name, city and society change in the account. Raises ConsumerProfileNotFound."""
    given = form.model_dump(exclude_unset=True)
    of_user = {_OF_USER[name]: given.pop(name) for name in list(given) if name in _OF_USER}
    with transaction() as session:
        user = profile.locked(session, caller)
        own = session.get(ConsumerProfile, user.id)
        if own is None:
            raise ConsumerProfileNotFound
        done = changes.apply(user, {name: value for name, value in of_user.items() if value is not None})
        done = done.and_then(changes.apply(own, given))
        changes.record(session, done, entity_type="user", action="UPDATE_PROFILE", entity_id=user.id, by=caller)
