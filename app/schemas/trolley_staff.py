"""Trolleys as the staff of a branch see them: who needs help, what went wrong, where they are."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import StringConstraints, model_validator

from app.domain.enums import (
    AssistOutcome,
    AssistReason,
    IncidentKind,
    SoldBy,
    TrolleyState,
    WeightState,
)
from app.schemas.envelope import Answer, Instant, Printable, Request, RowId
from app.schemas.money import Money
from app.schemas.pagination import Page


class OpenStatus(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"
    ALL = "all"


class OpenQuery(Page):
    """Open ones unless another `status` is asked for."""

    status: OpenStatus = OpenStatus.OPEN
    branch_id: RowId | None = None


class ResolveAssist(Request):
    """`accepted`: all is right as it is; `corrected`: the basket was put right; `removed`: goods were taken out."""

    example: ClassVar[Mapping[str, Any]] = {"outcome": "corrected", "note": "One carton was not scanned."}

    outcome: AssistOutcome
    note: Annotated[Printable, StringConstraints(min_length=1, max_length=400)] | None = None


class ShownAssist(Answer):
    """A trolley that needs somebody. Weights in grams, places in centimetres; `gross_grams` as the scale said then."""

    id: int
    reason: AssistReason
    branch_id: int
    trolley: int
    cart_label: str
    session_id: int | None
    floor: int | None
    x_cm: int | None
    y_cm: int | None
    expected_grams: int | None
    gross_grams: int | None
    opened_at: Instant
    ack_by: str | None
    ack_at: Instant | None
    resolved_by: str | None
    resolved_at: Instant | None
    outcome: AssistOutcome | None
    note: str | None


class ShownIncident(Answer):
    """Something that should not happen with a trolley; what `details` holds depends on `kind`."""

    id: int
    kind: IncidentKind
    branch_id: int
    trolley: int | None
    device_id: str | None
    session_id: int | None
    details: dict[str, Any]
    created_at: Instant
    resolved_at: Instant | None
    resolved_by: str | None


class TrolleyQuery(Page):
    branch_id: RowId | None = None
    state: TrolleyState | None = None


class ShownTrolley(Answer):
    """A trolley now. `session_seconds` is how long its shopper has had it, `online` whether it was heard of within
    five minutes, `open_assists` how many calls for the staff wait."""

    id: int
    label: str
    branch_id: int
    state: TrolleyState
    device_id: str | None
    online: bool
    battery_percent: int | None
    floor: int | None
    x_cm: int | None
    y_cm: int | None
    last_seen_at: Instant | None
    session_id: int | None
    session_seconds: int | None
    units: int
    total: Money
    weight_state: WeightState | None
    needs_check: bool
    open_assists: int


class HandoffLine(Answer):
    """What the till books: pieces at `unit_price`, or 1 of `weight_grams` at the price of those grams."""

    product_id: int
    sku: str
    name: str
    gtin: str | None
    sold_by: SoldBy
    quantity: int
    weight_grams: int | None
    unit_price: Money
    line_total: Money
    unit_deposit: Money
    tax_rate: Money


class HandoffBasket(Answer):
    """A basket that the till has taken over: it is paid there and nowhere else. `total` includes the deposits."""

    session_id: int
    trolley: int
    branch_id: int
    lines: list[HandoffLine]
    deposits: Money
    total: Money


class ExitForm(Request):
    """Exactly one of the two: the token on the shopper's phone, or the device that the gate's reader saw."""

    example: ClassVar[Mapping[str, Any]] = {"token": "7K3M9QTV2B4C6D8E"}

    token: Annotated[Printable, StringConstraints(min_length=1, max_length=40)] | None = None
    device_id: Annotated[str, StringConstraints(pattern="^[0-9a-f]{8}$")] | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.token is None) == (self.device_id is None):
            raise ValueError("send either token or device_id")
        return self


class ExitPass(Answer):
    """A trolley that may go out, and what was paid for: `items_count` lines of `total_products` pieces."""

    trolley: int
    session_id: int
    order_id: int
    order_number: str
    items_count: int
    total_products: int
    paid_at: Instant
    state: TrolleyState
