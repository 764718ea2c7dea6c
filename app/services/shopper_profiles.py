"""What shoppers tell of themselves in one go: name, e-mail address and how they eat."""

from sqlalchemy.orm import Session

from app.config import settings
from app.domain.caller import Caller
from app.domain.enums import Role
from app.errors import Forbidden
from app.models import User
from app.schemas.diets import DietForm
from app.schemas.shopper_profile import ShopperProfile, ShopperProfileForm
from app.services import changes, diets, profile, registration_codes
from app.services.phone.linking import EmailAlreadyLinked, EmailTaken
from app.services.refusals import refused_as
from app.transaction import transaction

_REFUSALS = {"uq_users_email": EmailTaken}


def complete(form: ShopperProfileForm, caller: Caller) -> ShopperProfile:
    """Give the caller a name, an address if they have none, and the diet; whose role is still open is a customer.

    The address is proven first where a registration proves it. Raises Forbidden for who is no customer,
    EmailAlreadyLinked, EmailTaken, EmailNotVerified, FoodTypeNotFound, AllergenUnknown.
    """
    diets.check_allergies(form.allergies)
    with transaction() as session:
        user = profile.locked(session, caller)
        if user.role is not Role.CUSTOMER:
            raise Forbidden
        _tell(session, user, form, caller)
        eats = DietForm(food_type_id=form.user_foodtype_id, allergies=form.allergies)
        diet = diets.write(session, eats, user_id=user.id)
        return ShopperProfile(
            user_id=user.id,
            user_name=user.full_name,
            mobilenum=user.phone,
            email=user.email,
            user_foodtype_id=diet.food_type_id,
            allergies=diet.allergies,
            is_profile_complete=True,
        )


def _tell(session: Session, user: User, form: ShopperProfileForm, caller: Caller) -> None:
    given = {"full_name": form.user_name, "role_pending": False}
    if form.email is not None and form.email != user.email:
        _check_address(session, user, form.email)
        given["email"] = form.email
    done = changes.apply(user, given)
    with refused_as(_REFUSALS):
        session.flush()
    changes.record(session, done, entity_type="user", action="UPDATE_PROFILE", entity_id=user.id, by=caller)


def _check_address(session: Session, user: User, email: str) -> None:
    """Raises EmailAlreadyLinked: changing the address would hand the account to whoever reads its mail."""
    if user.email is not None:
        raise EmailAlreadyLinked
    if settings().enable_registration_otp:
        registration_codes.consume_verified(session, email=email)
