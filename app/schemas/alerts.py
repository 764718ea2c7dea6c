"""What needs attention now."""

from pydantic import Field

from app.domain.enums import Severity
from app.schemas.envelope import Answer, Instant


class Alert(Answer):
    """`id` stays the same as long as the alert is about the same thing, such as `late-order-17`.

    `createdAt` is when it began to be true, and `time` the same in words, such as `12 min ago`. `type` is `low_stock`,
    `recount`, `late_order`, `stalled_picking`, `assistance`, `stock_request`, `payment`, `message`, or for customers
    the kind of the notification.
    """

    id: str = Field(examples=["late-order-17"])
    text: str
    type: str = Field(examples=["late_order"])
    severity: Severity
    created_at: Instant = Field(alias="createdAt")
    time: str = Field(examples=["12 min ago"])
