"""What shoppers tell of themselves after their first sign-in."""

from flask import Blueprint, Response

from app.errors import Forbidden
from app.middleware.answers import answer
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.shopper_profile import ShopperProfile, ShopperProfileForm
from app.services import diets, registration_codes, shopper_profiles
from app.services.phone.linking import EmailAlreadyLinked, EmailTaken

profiles = Blueprint("shopper_profiles", __name__)


@profiles.post("/complete_profile")
@endpoint(
    body=ShopperProfileForm,
    answers={200: ShopperProfile},
    errors=(
        Forbidden,
        EmailAlreadyLinked,
        EmailTaken,
        registration_codes.EmailNotVerified,
        diets.FoodTypeNotFound,
        diets.AllergenUnknown,
    ),
)
def complete_profile(body: ShopperProfileForm) -> Response:
    """Tell your name, your e-mail address and how you eat, all at once; may be repeated.

    An address that is there already stays: it is a way to sign in.
    """
    return answer(shopper_profiles.complete(body, current_caller()))
