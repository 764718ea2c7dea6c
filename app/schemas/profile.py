"""What a user sees and changes of themselves."""

from app.domain.enums import MembershipTier
from app.schemas.auth import PersonName, Phone, UserSummary
from app.schemas.envelope import Answer, Request


class Profile(UserSummary):
    phone: str | None
    membership_tier: MembershipTier


class ProfileChange(Request):
    """Absent or null leaves a field as it is."""

    full_name: PersonName | None = None
    phone: Phone | None = None


class PhoneChange(Request):
    phone: Phone


class Membership(Answer):
    tier: MembershipTier


class MembershipChange(Request):
    tier: MembershipTier
