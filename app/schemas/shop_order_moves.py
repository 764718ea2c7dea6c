"""What the two sides of a vendor's order do to it."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from app.schemas.envelope import NOT_A_TRUTH, Answer, LenientRequest, Printable, RowId
from app.schemas.money import Money, PositiveMoney
from app.schemas.web_address import WebAddress

ShopOrderAnswer = Literal["accepted", "rejected", "delivered"]


class AnswerOrderRequest(LenientRequest):
    example: ClassVar[Mapping[str, Any]] = {"status": "accepted"}

    status: ShopOrderAnswer


class ModifyLineForm(LenientRequest):
    """`quantity` 0 takes the item out of the order."""

    item_id: RowId
    quantity: Annotated[int, Field(ge=0, le=10), NOT_A_TRUTH]


class ModifyRequest(LenientRequest):
    example: ClassVar[Mapping[str, Any]] = {"modifications": [{"item_id": 1, "quantity": 2}]}

    modifications: list[ModifyLineForm] = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _each_item_once(self) -> Self:
        if len({line.item_id for line in self.modifications}) < len(self.modifications):
            raise ValueError("modifications names an item twice")
        return self


class ModifiedAnswer(Answer):
    """`new_total` is what the order comes to once the consumer confirms."""

    message: str
    new_total: Money


class RefundAnswer(Answer):
    """`refund` is what the consumer gets back, or is not charged after all."""

    message: str
    refund: Money


class ReturnLineForm(LenientRequest):
    item_id: RowId
    quantity: Annotated[int, Field(ge=1, le=10_000), NOT_A_TRUTH] = 1


PhotoUrl = Annotated[WebAddress, StringConstraints(max_length=500)]


class RaiseReturnRequest(LenientRequest):
    """`photos` are addresses of pictures kept elsewhere."""

    example: ClassVar[Mapping[str, Any]] = {"reason": "Two were broken", "items": [{"item_id": 1, "quantity": 2}]}

    reason: Annotated[Printable, StringConstraints(min_length=1, max_length=255)]
    items: list[ReturnLineForm] = Field(min_length=1, max_length=200)
    photos: list[PhotoUrl] = Field(default=[], max_length=10)

    @model_validator(mode="after")
    def _each_item_once(self) -> Self:
        if len({line.item_id for line in self.items}) < len(self.items):
            raise ValueError("items names an item twice")
        return self


class DecideReturnRequest(LenientRequest):
    """Without `return_id` every pending return of the order is meant."""

    example: ClassVar[Mapping[str, Any]] = {"note": "Please send a picture"}

    return_id: RowId | None = None
    note: Annotated[Printable, StringConstraints(max_length=255)] | None = None


class CompleteReturnRequest(LenientRequest):
    """`restock`: what came back can be sold again."""

    example: ClassVar[Mapping[str, Any]] = {"restock": False}

    restock: bool = False


class ReturnAnswer(Answer):
    """`return_ids` are the returns that this was about."""

    message: str
    return_ids: list[int]


class OfficeRefundRequest(LenientRequest):
    """`charged_to` says whose money it is: the vendor's, or the house's own as goodwill."""

    example: ClassVar[Mapping[str, Any]] = {"amount": 5, "reason": "Spoiled on arrival", "charged_to": "house"}

    amount: PositiveMoney
    reason: Annotated[Printable, StringConstraints(min_length=3, max_length=255)]
    charged_to: Literal["vendor", "house"] = "vendor"
