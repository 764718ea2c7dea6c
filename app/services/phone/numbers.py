"""Phone numbers as people send them, and the ones that are a way to sign in."""

from app.config import settings
from app.domain.phone import NotAPhoneNumber, e164
from app.errors import Conflict, ValidationFailed
from app.models import User

_FAULT = {"loc": ["body", "phone"], "msg": "must be a phone number such as +919876543210", "type": "value_error"}


class PhoneIsSignIn(Conflict):
    code = "PHONE_IS_SIGN_IN"
    message = "This number is a way to sign in. Its owner changes it with a code: POST /api/v1/link/phone."


def read(spelling: str) -> str:
    """The number in E.164, of PHONE_COUNTRY where no country is named. Raises ValidationFailed."""
    try:
        return e164(spelling, country=settings().phone_country)
    except NotAPhoneNumber:
        raise ValidationFailed(details={"errors": [_FAULT]}) from None


def check_may_change(user: User) -> None:
    """Raise PhoneIsSignIn where another number would need a proof: whoever holds it could sign in as this user."""
    if user.phone_verified_at is not None:
        raise PhoneIsSignIn
