"""Asking for stock to be set or added, and reviewing what was asked."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from app.domain.enums import StockRequestPriority, StockRequestStatus, StockRequestType
from app.domain.stock import MOST_AT_ONCE
from app.schemas.envelope import NOT_A_TRUTH, Answer, Instant, Printable, Request, RowId
from app.schemas.pagination import ClampedPage, Page

MOST_REVIEWS = 200

Quantity = Annotated[int, Field(ge=1, le=MOST_AT_ONCE), NOT_A_TRUTH]
Decision = Literal[StockRequestStatus.APPROVED, StockRequestStatus.REJECTED]


class NewStockRequest(Request):
    """SET_QUANTITY: so many shall be available; ADD_QUANTITY: so many more."""

    example: ClassVar[Mapping[str, Any]] = {
        "branch_id": 1,
        "product_id": 1,
        "quantity": 24,
        "request_type": "ADD_QUANTITY",
    }

    branch_id: RowId
    product_id: RowId
    quantity: Quantity
    request_type: StockRequestType
    priority: StockRequestPriority = StockRequestPriority.NORMAL


class MyStockRequestQuery(ClampedPage):
    """The caller's own requests."""


class StockRequestQuery(Page):
    """Requests of one status and one branch, where given."""

    status: StockRequestStatus | None = None
    branch_id: RowId | None = None


class StockRequestRow(Answer):
    """A request. Once approved, `quantity` is what was approved; `requested_quantity` stays what was asked for."""

    id: int
    branch_id: int
    branch_name: str
    product_id: int
    product_name: str
    product_sku: str
    sku: str
    quantity: int
    requested_quantity: int
    request_type: StockRequestType
    priority: StockRequestPriority
    status: StockRequestStatus
    actor_user_id: int
    requester: str
    reviewed_by: int | None
    reviewed_at: Instant | None
    rejection_reason: str | None
    created_at: Instant


class StockReviewForm(Request):
    """APPROVED needs `approved_quantity`, REJECTED a `rejection_reason`."""

    example: ClassVar[Mapping[str, Any]] = {"status": "APPROVED", "approved_quantity": 24}

    status: Decision
    approved_quantity: Quantity | None = None
    rejection_reason: Annotated[Printable, Field(min_length=2, max_length=200)] | None = None


class ReviewItem(StockReviewForm):
    request_id: RowId


class BulkReview(Request):
    """Up to 200 reviews, each decided by itself."""

    example: ClassVar[Mapping[str, Any]] = {
        "items": [{"request_id": 1, "status": "REJECTED", "rejection_reason": "Ordered already"}]
    }

    items: Annotated[list[ReviewItem], Field(min_length=1, max_length=MOST_REVIEWS)]


class ReviewOutcome(Answer):
    """What became of one review; `status` is the request's new one, null where it was refused."""

    request_id: int
    status: StockRequestStatus | None
    result: Literal["ok", "error"]
    error_code: str | None = None
    message: str | None = None


class BulkReviewAnswer(Answer):
    results: list[ReviewOutcome]
