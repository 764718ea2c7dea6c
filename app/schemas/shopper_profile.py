"""What shoppers tell of themselves in one go, in the words of the trolley's app (smart-cart.md, A.2, 3)."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from app.schemas.auth import Email
from app.schemas.envelope import Answer, Request, RowId
from app.schemas.managed_catalog import Allergens
from app.schemas.onboarding import Named


class ShopperProfileForm(Request):
    """The whole diet; what is left out of it is none. Without `email` the address stays as it is."""

    example: ClassVar[Mapping[str, Any]] = {"user_name": "Asha Rao", "email": "asha@example.com", "allergies": ["nuts"]}

    user_name: Named
    email: Email | None = None
    user_foodtype_id: RowId | None = None
    allergies: Allergens = Field(default_factory=list)


class ShopperProfile(Answer):
    """`allergies` also has the other words for the same. The profile is complete once it has a name."""

    user_id: int
    user_name: str
    mobilenum: str | None
    email: str | None
    user_foodtype_id: int | None
    allergies: list[str]
    is_profile_complete: bool
