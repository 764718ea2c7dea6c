"""The payment desk: operations that need a person, and what the person did."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from app.domain.enums import OperationKind, OperationState, OrderStatus, PaymentProvider
from app.schemas.envelope import Answer, Instant, Printable, Request
from app.schemas.money import Money
from app.schemas.pagination import Page

Note = Annotated[Printable, StringConstraints(min_length=3, max_length=500)]


class OperationFilter(StrEnum):
    """A state of operations, or `open`: those the sweeper still works on (created, sent, unknown)."""

    MANUAL = "manual"
    FAILED = "failed"
    OPEN = "open"
    CREATED = "created"
    SENT = "sent"
    UNKNOWN = "unknown"
    OK = "ok"
    CANCELLED = "cancelled"


class OperationQuery(Page):
    """Without `state` the operations that wait for a person."""

    state: OperationFilter = OperationFilter.MANUAL
    kind: OperationKind | None = None


class OperationAnswer(Answer):
    """One call to the payment provider. `next_at` is when the sweeper asks again, if the state is open."""

    id: int
    kind: OperationKind
    state: OperationState
    amount: Money
    currency: str
    attempts: int
    failure_code: str | None
    next_at: Instant
    retried_at: Instant | None
    created_at: Instant
    updated_at: Instant


class DeskOperation(OperationAnswer):
    """An operation with the order it belongs to."""

    order_id: int
    order_number: str
    order_status: OrderStatus
    payment_id: int
    customer_id: int
    customer_name: str


class PaymentAnswer(Answer):
    """What is owed for one order and every call to the provider about it, oldest first.

    `total_amount` was agreed at checkout, `final_total` is what was picked (null until the order is packed).
    """

    id: int
    order_id: int
    order_number: str
    order_status: OrderStatus
    customer_id: int
    customer_name: str
    total_amount: Money
    final_total: Money | None
    provider: PaymentProvider
    reference: str
    provider_reference: str | None
    currency: str
    requested_amount: Money
    authorized_amount: Money
    captured_amount: Money
    refunded_amount: Money
    refund_pending_amount: Money
    created_at: Instant
    operations: list[OperationAnswer]


class RetryOperation(Request):
    """`note` goes into the audit trail."""

    example: ClassVar[Mapping[str, Any]] = {"note": "The provider was down on Sunday."}

    note: Note | None = None


class SettledByHand(StrEnum):
    """What a person made sure of at the provider's own screen."""

    DONE = "done"
    NOT_DONE = "not_done"


class CloseOperation(Request):
    """`outcome` done: the provider carried it out; not_done: it has not and will not. `note` says how that is known."""

    example: ClassVar[Mapping[str, Any]] = {"outcome": "done", "note": "Refunded on the provider's dashboard, re_123."}

    outcome: Annotated[SettledByHand, Field(examples=["done"])]
    note: Note
