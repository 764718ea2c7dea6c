"""Asking the staff of a branch for help, and their answer."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import StringConstraints

from app.domain.enums import AssistanceStatus
from app.schemas.envelope import Answer, Instant, Printable, Request, RowId
from app.schemas.pagination import Page


class AskForHelp(Request):
    """`order_id` is the order it is about, if any; it must be one's own."""

    example: ClassVar[Mapping[str, Any]] = {"branch_id": 1, "message": "One bottle arrived broken."}

    branch_id: RowId
    message: Annotated[Printable, StringConstraints(min_length=2, max_length=500)]
    order_id: RowId | None = None


class ResolveHelp(Request):
    """`resolution` is told to the customer."""

    example: ClassVar[Mapping[str, Any]] = {"resolution": "A new bottle comes with your next order."}

    resolution: Annotated[Printable, StringConstraints(min_length=2, max_length=500)] | None = None


class AssistanceQuery(Page):
    """Which requests for help; without `status` the open ones come first."""

    status: AssistanceStatus | None = None
    branch_id: RowId | None = None


class AssistanceAnswer(Answer):
    """A request for help. `resolution` and `resolved_at` are null while it is open."""

    id: int
    branch_id: int
    branch_name: str
    order_id: int | None
    order_number: str | None
    message: str
    status: AssistanceStatus
    resolution: str | None
    created_at: Instant
    resolved_at: Instant | None


class StaffAssistance(AssistanceAnswer):
    """With the person who asks, for the staff."""

    customer_id: int
    customer_name: str
    customer_phone: str | None
