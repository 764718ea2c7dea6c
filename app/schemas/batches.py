"""Several orders picked in one walk."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, JsonValue, field_validator, model_validator

from app.domain.enums import BatchStatus, OrderStatus, PickedStatus
from app.schemas.envelope import Answer, Instant, Request, RowId
from app.schemas.pagination import Page
from app.schemas.picking_queue import StaffPerson

MOST_ORDERS = 20
LARGEST_PAYLOAD = 20_000
"""Characters of JSON, as the payload is sent back."""


class BatchRequest(Request):
    """The orders to pick together. Whatever else is sent along is sent back under `payload`, up to 20 kB of it."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]
    example: ClassVar[Mapping[str, Any]] = {"order_ids": [17, 18]}

    order_ids: Annotated[list[RowId], Field(min_length=1, max_length=MOST_ORDERS)]

    @field_validator("order_ids")
    @classmethod
    def _each_once(cls, value: list[int]) -> list[int]:
        if len(set(value)) < len(value):
            raise ValueError("must name each order once")
        return value

    @model_validator(mode="after")
    def _payload_within_bounds(self) -> "BatchRequest":
        try:
            size = len(json.dumps(self.payload, allow_nan=False))
        except ValueError:
            raise ValueError("must not hold NaN or Infinity, which are not JSON") from None
        if size > LARGEST_PAYLOAD:
            raise ValueError(f"must be at most {LARGEST_PAYLOAD} characters of JSON")
        return self

    @property
    def payload(self) -> dict[str, JsonValue]:
        """The body as it was sent."""
        return {"order_ids": list(self.order_ids), **(self.model_extra or {})}


class BatchQuery(Page):
    """The list is read by offset: a cursor stands for one, and neither goes beyond 10,000."""

    status: BatchStatus | None = None


class BatchCard(Answer):
    """A batch in the list; `items_pending` lines are still to be picked."""

    id: int
    status: BatchStatus
    created_by: int
    picker: StaffPerson
    branch_id: int
    branch_name: str
    created_at: Instant
    done_at: Instant | None
    orders_count: int
    items_pending: int


class BatchOrder(Answer):
    """One order of a batch and where it stands."""

    order_id: int
    order_number: str
    status: OrderStatus
    items_pending: int


class WalkShare(Answer):
    """What of a product goes into which order."""

    order_id: int
    order_number: str
    item_id: int
    quantity: int
    picked_status: PickedStatus


class WalkLine(Answer):
    """One stop: a product of which `quantity` pieces are still to be picked, for one order or several."""

    product_id: int
    name: str
    image_url: str | None
    bin_location: str | None
    quantity: int
    orders: list[WalkShare]


class BatchAnswer(BatchCard):
    """A batch with its walk, in the order of the bins; goods without a bin come last."""

    orders: list[BatchOrder]
    walk: list[WalkLine]


class BatchCreated(BatchAnswer):
    """`payload` is the body as it was sent."""

    payload: dict[str, JsonValue]
