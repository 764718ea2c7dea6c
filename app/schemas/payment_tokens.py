"""Saved means of payment. A card number passes through to a test provider and is kept nowhere on the way."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from app.domain.enums import PaymentProvider
from app.schemas.envelope import Answer, Instant

_CARD_NUMBER = re.compile(r"[0-9]{12,19}")


def _card_number(value: object) -> str:
    """Digits alone; people type a card number in groups, and some clients send it as a number."""
    bare = re.sub(r"[\s-]", "", str(value))
    if isinstance(value, bool) or not isinstance(value, str | int) or not _CARD_NUMBER.fullmatch(bare):
        raise ValueError("must be 12 to 19 digits")
    return bare


CardNumber = Annotated[SecretStr, BeforeValidator(_card_number), Field(examples=["4242 4242 4242 4242"])]


class NewPaymentToken(BaseModel):
    """Either a card number (sandbox only) or the handle the provider gave the client. Other fields are not read."""

    example: ClassVar[Mapping[str, Any]] = {"card_number": "4242 4242 4242 4242"}

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={"anyOf": [{"required": ["card_number"]}, {"required": ["provider_token"]}]},
    )

    card_number: CardNumber | None = None
    # It begins with a letter, so that no card number is kept under this name.
    provider_token: str | None = Field(
        default=None, pattern=r"^[A-Za-z][A-Za-z0-9_-]{2,254}$", examples=["pm_1Pgc2eKZ2mTn4"]
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.card_number is None) == (self.provider_token is None):
            raise ValueError("give card_number or provider_token, and only one of them")
        return self


class SavedPaymentToken(Answer):
    payment_token_id: int
    provider: PaymentProvider
    last4: str
    is_default: bool
    created_at: Instant
