"""The shop's settings as managers change them."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from app.schemas.envelope import Answer, Instant, Request
from app.schemas.money import Money

_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"


def _opens_before_it_closes(hours: str) -> str:
    opening, _, closing = hours.partition("-")
    if opening >= closing:
        raise ValueError("must begin before it ends, such as 06:00-22:00")
    return hours


Hours = Annotated[str, Field(pattern=f"^{_CLOCK}-{_CLOCK}$"), AfterValidator(_opens_before_it_closes)]
"""The hours of delivery, such as 06:00-22:00."""


class ShopSettings(Answer):
    """Delivery costs `delivery_fee` below `delivery_min` and nothing from there on; `free_threshold` is kept only."""

    id: int
    delivery_min: Money
    delivery_fee: Money
    free_threshold: Money
    slots: str
    updated_at: Instant
    updated_by: int | None


class SettingsChange(Request):
    """What is left out stays."""

    example: ClassVar[Mapping[str, Any]] = {"delivery_min": 150, "delivery_fee": 30, "slots": "06:00-22:00"}

    delivery_min: Money | None = None
    delivery_fee: Money | None = None
    free_threshold: Money | None = None
    slots: Hours | None = None
