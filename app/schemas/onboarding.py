"""Choosing a role and a place, and what everybody may read of themselves in the marketplace."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import StringConstraints

from app.domain.enums import Role
from app.schemas.envelope import Answer, LenientRequest
from app.schemas.text import Line

Named = Annotated[Line, StringConstraints(min_length=1, max_length=100)]
"""The name of a person or a place."""


class BasicOnboarding(LenientRequest):
    """Nobody makes themselves staff: `role` is one of two words."""

    example: ClassVar[Mapping[str, Any]] = {
        "name": "Asha Rao",
        "city": "Pune",
        "society": "Rose Garden",
        "role": "consumer",
    }

    name: Named
    city: Named
    society: Named
    role: Literal["consumer", "vendor"]


class OwnProfile(Answer):
    """`basic_onboarding_done`: role and place are chosen."""

    name: str
    phone: str | None
    email: str | None
    city: str | None
    society: str | None
    role: Role
    basic_onboarding_done: bool
