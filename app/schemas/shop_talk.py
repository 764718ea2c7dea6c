"""What consumer and vendor say about an order: messages, a rating, issues."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints, WithJsonSchema

from app.config import settings
from app.domain.enums import IssueStatus, OrderSide
from app.schemas.envelope import NOT_A_TRUTH, Answer, Instant, LenientRequest, Message, Printable, Request, RowId
from app.schemas.pagination import Cursor, Limit, Page
from app.schemas.shop_orders import ShopOrderRating

LONGEST_MESSAGE = 2000


class SendMessage(LenientRequest):
    example: ClassVar[Mapping[str, Any]] = {"message": "Please ring twice."}

    message: Annotated[Printable, StringConstraints(max_length=LONGEST_MESSAGE)] = ""


class SentMessage(Message):
    """`message` says that it is sent; `message_id` is where to go on reading from."""

    message_id: int


class MessageQuery(Request):
    """The newest messages, or with `after` only those that follow that one, or with `cursor` older ones.

    Always oldest first. With `after` and `has_next` ask again after the last one.
    """

    limit: Limit = Field(default_factory=lambda: settings().max_limit)
    after: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    cursor: Cursor | None = None


class OrderMessageAnswer(Answer):
    """One message. Those that tell by themselves of what was done are `automatic`; the office has no phone number."""

    id: int
    order_id: int
    sender: OrderSide
    sender_phone: str | None
    message: str
    automatic: bool
    timestamp: Instant


class RateOrder(LenientRequest):
    """One to five stars. The service checks the bounds and says it in the contract's words."""

    example: ClassVar[Mapping[str, Any]] = {"rating": 5, "review": "Fresh and quick."}

    rating: Annotated[int, NOT_A_TRUTH, WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 5})]
    review: Annotated[Printable, StringConstraints(max_length=500)] = ""


class GivenRating(ShopOrderRating):
    order_id: int


class RatedOrder(Message):
    rating: GivenRating


class RaiseIssue(LenientRequest):
    example: ClassVar[Mapping[str, Any]] = {"issue_type": "Damaged", "description": "The milk was open."}

    issue_type: Annotated[Printable, StringConstraints(min_length=1, max_length=50)]
    description: Annotated[Printable, StringConstraints(max_length=2000)] = ""


class RaisedIssue(Message):
    issue_id: int


class ResolveIssue(LenientRequest):
    """`resolution` is told to the consumer."""

    example: ClassVar[Mapping[str, Any]] = {"resolution": "A new bottle is on its way.", "status": "resolved"}

    resolution: Annotated[Printable, StringConstraints(min_length=1, max_length=500)]
    status: Literal[IssueStatus.RESOLVED, IssueStatus.REJECTED] = IssueStatus.RESOLVED


class VendorIssueQuery(Page):
    """Of one order and of one status, where given."""

    order_id: RowId | None = None
    status: IssueStatus | None = None


class DisputeQuery(Page):
    """`q` is a part of the order number, of the consumer's phone number or of the shop's name."""

    q: Annotated[Printable, StringConstraints(max_length=50)] | None = None
    status: IssueStatus | None = None


class IssueAnswer(Answer):
    """What the consumer complains of; `resolution` and `resolved_at` are null while it is raised."""

    id: int
    order_id: int
    order_number: str
    user_phone: str | None
    issue_type: str
    description: str
    status: IssueStatus
    resolution: str | None
    created_at: Instant
    updated_at: Instant
    resolved_at: Instant | None


class DecidedIssue(Message):
    issue: IssueAnswer


class DisputeAnswer(IssueAnswer):
    """An issue as the office sees it."""

    user_id: int
    user_name: str
    shop_id: int
    shop_name: str


class DecidedDispute(Message):
    issue: DisputeAnswer
