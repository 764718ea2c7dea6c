"""What a confirm is answered with, now and whenever its key is sent again."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select

from app.domain.enums import IdempotencyState, OrderStatus
from app.domain.order_states import UNDECIDED
from app.models import IdempotencyKey, Order
from app.models.base import AnyRow
from app.schemas.checkout import ConfirmAnswer, PendingAnswer
from app.services.checkout.errors import PaymentDeclined
from app.transaction import reading

CONFIRMED, PENDING, DECLINED = 201, 202, 402


@dataclass(frozen=True, slots=True)
class Decision:
    """The HTTP status and JSON body of a confirm."""

    status: int
    body: dict[str, Any]
    is_replay: bool = False


def confirmed(*, order_id: int, order_number: str, total: Decimal, reference: str | None) -> Decision:
    """The payment is authorized, or nothing is to be paid (then there is no reference)."""
    answer = ConfirmAnswer(order_id=order_id, order_number=order_number, total_paid=total, payment_reference=reference)
    return Decision(CONFIRMED, {"data": answer.model_dump(mode="json")})


def declined(*, order_id: int, failure_code: str | None) -> Decision:
    """The provider refused; the order is cancelled and its stock is free again."""
    error = PaymentDeclined(details={"order_id": order_id, "reason": failure_code or "declined"})
    return Decision(DECLINED, error.envelope)


def pending(*, order_id: int, order_number: str) -> Decision:
    """The provider has not answered yet."""
    answer = PendingAnswer(order_id=order_id, order_number=order_number, poll=f"/api/v1/orders/{order_id}")
    return Decision(PENDING, {"data": answer.model_dump(mode="json")})


def of_order(order: AnyRow) -> Decision | None:
    """What an order's own state says to its confirm; None while its payment is undecided.

    `order` has order_id, order_number, order_status, total_amount, cancel_reason, its payment's reference and its
    authorization's failure_code.
    """
    if order.order_status in UNDECIDED:
        return None
    if order.order_status == OrderStatus.CANCELED:
        refused = order.cancel_reason == "payment_declined"
        return declined(order_id=order.order_id, failure_code=order.failure_code if refused else order.cancel_reason)
    return confirmed(
        order_id=order.order_id, order_number=order.order_number, total=order.total_amount, reference=order.reference
    )


_STORED = (
    select(Order.order_number, IdempotencyKey.status, IdempotencyKey.body)
    .outerjoin(
        IdempotencyKey,
        (IdempotencyKey.order_id == Order.id) & (IdempotencyKey.state == IdempotencyState.DONE),
    )
    .where(Order.id == bindparam("order_id"))
    .limit(1)
)


def stored(order_id: int) -> Decision | None:
    """The final answer kept for an order, as a replay; None while it is undecided."""
    with reading() as connection:
        row = connection.execute(_STORED, {"order_id": order_id}).one()
    return replay(row.status, row.body) if row.status is not None else None


def replay(status: int, body: dict[str, Any]) -> Decision:
    """A kept answer sent again: a finished confirm is a 200 then, as nothing new was made."""
    return Decision(200 if status == CONFIRMED else status, body, is_replay=True)


def still_pending(order_id: int) -> Decision:
    """The pending answer of an order that is read only by its id."""
    with reading() as connection:
        row = connection.execute(_STORED, {"order_id": order_id}).one()
    return pending(order_id=order_id, order_number=row.order_number)
