"""Confirming the basket for a vendor's shop."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from app.domain.enums import PaymentMethod
from app.schemas.envelope import Answer, LenientRequest, Printable, RowId
from app.schemas.money import Money
from app.schemas.shop_words import PaymentMode


class ShopConfirmRequest(LenientRequest):
    """`card` is charged to `payment_token_id`, else to the caller's default card.

    `expected_total` is the total the consumer saw: a different one is refused with PRICE_CHANGED.
    """

    example: ClassVar[Mapping[str, Any]] = {"payment_mode": "wallet", "delivery_notes": "Leave it at the gate"}

    payment_mode: PaymentMode = Field(default=PaymentMethod.CASH, json_schema_extra={"default": "cash"})
    delivery_notes: Annotated[Printable, StringConstraints(max_length=500)] | None = Field(default=None)
    payment_token_id: RowId | None = None
    expected_total: Money | None = None


class ShopConfirmAnswer(Answer):
    """The new order. `total` is what it costs, delivery fee included."""

    message: str
    order_id: int
    order_number: str
    total: Money


class ShopPendingAnswer(Answer):
    """The provider has not answered yet: the order is placed, its payment undecided. Poll the order."""

    message: str
    order_id: int
    order_number: str
    poll: str
