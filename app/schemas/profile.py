"""What a user sees and changes of themselves."""

from collections.abc import Mapping
from typing import Any, ClassVar

from app.domain.enums import Language, MembershipTier
from app.schemas.auth import PersonName, Phone, UserSummary
from app.schemas.envelope import Answer, Request


class Profile(UserSummary):
    phone: str | None
    membership_tier: MembershipTier
    language: Language


class ProfileChange(Request):
    """Absent or null leaves a field as it is. `language` is what the user is written to in."""

    example: ClassVar[Mapping[str, Any]] = {"full_name": "Dana Levi", "phone": "050-123-4567"}

    full_name: PersonName | None = None
    phone: Phone | None = None
    language: Language | None = None


class PhoneChange(Request):
    example: ClassVar[Mapping[str, Any]] = {"phone": "050-123-4567"}

    phone: Phone


class Membership(Answer):
    tier: MembershipTier


class MembershipChange(Request):
    example: ClassVar[Mapping[str, Any]] = {"tier": "PREMIUM"}

    tier: MembershipTier
