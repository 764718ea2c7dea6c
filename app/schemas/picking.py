"""What staff do to the lines of an order, and what the customer decides about them."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints, model_validator

from app.domain.carts import LARGEST_QUANTITY
from app.domain.enums import OrderStatus, PickedStatus
from app.schemas.envelope import NOT_A_TRUTH, Answer, Printable, Request, RowId

Pieces = Annotated[int, Field(ge=1, le=LARGEST_QUANTITY), NOT_A_TRUTH]
Grams = Annotated[int, Field(ge=1, le=1_000_000), NOT_A_TRUTH]
Reason = Annotated[Printable, StringConstraints(min_length=1, max_length=256)]


class MarkRequest(Request):
    """PICKED: all pieces unless `picked_quantity` says fewer; weighed goods with `weight_grams` in all.

    REPLACED needs `replacement_product_id` (and `replacement_quantity` where it differs); PENDING undoes a mark.
    """

    example: ClassVar[Mapping[str, Any]] = {"picked_status": "PICKED"}

    picked_status: PickedStatus
    reason: Reason | None = None
    picked_quantity: Pieces | None = None
    weight_grams: Grams | None = None
    replacement_product_id: RowId | None = None
    replacement_quantity: Pieces | None = None

    @model_validator(mode="after")
    def _fields_fit_the_mark(self) -> "MarkRequest":
        replaced = self.picked_status is PickedStatus.REPLACED
        if replaced and self.replacement_product_id is None:
            raise ValueError("REPLACED needs replacement_product_id")
        if not replaced and self.replacement_product_id is not None:
            raise ValueError("replacement_product_id goes with REPLACED")
        if self.replacement_quantity is not None and not replaced:
            raise ValueError("replacement_quantity goes with REPLACED")
        picked = self.picked_status is PickedStatus.PICKED
        if not picked and (self.picked_quantity is not None or self.weight_grams is not None):
            raise ValueError("picked_quantity and weight_grams go with PICKED")
        return self


class DamageRequest(Request):
    """So many pieces of the line are broken and leave the stock."""

    example: ClassVar[Mapping[str, Any]] = {"reason": "Broken glass", "notes": "Fell off the shelf"}

    reason: Reason
    notes: Annotated[Printable, StringConstraints(max_length=512)] | None = None
    quantity: Pieces = 1


class DamageReported(Answer):
    reported: bool = True


class ClaimRequest(Request):
    """`take_over` lets a manager continue an order that somebody else has claimed."""

    example: ClassVar[Mapping[str, Any]] = {"take_over": False}

    take_over: bool = False


class StatusRequest(Request):
    example: ClassVar[Mapping[str, Any]] = {"status": "IN_PROGRESS"}

    status: OrderStatus


class StoreCancelRequest(Request):
    """Why the shop cancels; the customer is told."""

    example: ClassVar[Mapping[str, Any]] = {"reason": "The branch is closed by a power cut"}

    reason: Reason


class SubstitutionDecision(Request):
    """Whether the customer takes the substitute."""

    example: ClassVar[Mapping[str, Any]] = {"accept": True}

    accept: bool
