"""Ending an order that is not handed over: its stock free again, its money where it came from."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from app.domain.amounts import NOTHING
from app.domain.caller import Caller
from app.domain.enums import JournalReason, OrderActionType, OrderStatus, PaymentMethod
from app.models import Order
from app.services import locks
from app.services.checkout import answers, releasing
from app.services.payments import settlement
from app.services.shop_orders import log
from app.services.wallets import paying


@dataclass(frozen=True, slots=True)
class Ended:
    """`refund` is what the consumer gets back or is not charged after all; `operation_id` a call to the provider."""

    refund: Decimal
    operation_id: int | None


def end(
    session: Session, order: Order, to: OrderStatus, *, reason: str, by: Caller | None, message: str | None = None
) -> Ended:
    """Cancel or reject a locked, open order and give back what was paid and not yet refunded. A step."""
    held, operation_id = _let_go_of_card(session, order)
    answer = answers.declined(order_id=order.id, failure_code=reason)
    old = order.status
    releasing.cancel(session, releasing.facts_of(order), reason=reason, answer=answer, by=by, status=to)
    session.refresh(order)
    back = _refund_wallet(session, order, by_vendor=by is None or by.user_id != order.user_id)
    if message:
        log.say(session, order, message, by=by)
    action = OrderActionType.ORDER_CANCELLED if to is OrderStatus.CANCELED else OrderActionType.STATUS_UPDATED
    log.note(session, order, action, by=by, old={"status": old}, new={"reason": reason})
    return Ended(held + back, operation_id)


def _let_go_of_card(session: Session, order: Order) -> tuple[Decimal, int | None]:
    if order.payment_method is not PaymentMethod.CARD:
        return NOTHING, None
    payment = locks.payment_of(session, order_id=order.id)
    if payment is None:
        return NOTHING, None
    return payment.authorized_amount, settlement.request_return(session, payment)


def _refund_wallet(session: Session, order: Order, *, by_vendor: bool) -> Decimal:
    back = order.wallet_paid - order.wallet_refunded
    if back <= 0:
        return NOTHING
    order.wallet_refunded = order.wallet_paid
    session.flush()
    word = "vendor cancel" if by_vendor else "cancel refund"
    paying.give_back(
        session,
        order,
        amount=back,
        reference="end",
        description=f"Order #{order.id} {word}",
        reason=JournalReason.VENDOR_CANCEL if by_vendor else JournalReason.ORDER_CANCEL,
    )
    return back
