"""The office gives a consumer money back for a delivered order, with a reason."""

from app.domain.caller import Caller
from app.domain.enums import JournalReason, OrderActionType
from app.domain.shop_order_states import HANDED_OVER
from app.errors import Conflict
from app.schemas.money import money_number
from app.schemas.shop_order_moves import OfficeRefundRequest
from app.services import locks
from app.services.checkout.errors import KeyReused
from app.services.payments import sweeper
from app.services.request_keys import own_key
from app.services.shop_orders import log
from app.services.shop_orders.finding import any_order
from app.services.shop_orders.refusals import refused
from app.services.wallets import refunding
from app.transaction import retried, transaction


class RefundTooMuch(Conflict):
    """`details.refundable` is what may still be given back."""

    code = "REFUND_TOO_MUCH"
    message = "More than was paid through us and not given back yet; details.refundable says how much is left."


def refund(form: OfficeRefundRequest, idempotency_key: str, caller: Caller, *, order_id: int) -> bool:
    """Give back part of a delivered order, once for each key of an admin; answers whether it is a repeat.

    Raises OrderNotFound, InvalidMove for an order that is not handed over, RefundTooMuch (always for one paid in cash),
    InsufficientFunds where the vendor is to pay and cannot, AmountNotAvailable while the card is not charged yet, or
    KeyReused for the key of another amount or payer.
    """
    operation_id, is_replay = retried(lambda: _refund(form, idempotency_key, caller, order_id))
    if operation_id is not None:
        sweeper.settle(operation_id, caller)
    return is_replay


def _refund(form: OfficeRefundRequest, key: str, caller: Caller, order_id: int) -> tuple[int | None, bool]:
    """Answers the payment operation to carry out, if there is one, and whether all was done before."""
    with transaction() as session:
        locks.limit_waits(session)
        order = any_order(session, order_id=order_id)
        reference = f"office-refund:{order.id}:{own_key(caller, key)}"
        by_house = form.charged_to == "house"
        before = refunding.booked(session, reference=reference)
        if before not in (None, (form.amount, by_house)):
            raise KeyReused
        if before is not None:
            return None, True
        if order.status not in HANDED_OVER:
            raise refused(order, "Only delivered orders can be refunded; cancel the order instead")
        left = refunding.passed_our_books(session, order)
        if form.amount > left:
            raise RefundTooMuch(details={"refundable": money_number(left)})
        operation_id = refunding.refund(
            session,
            order,
            amount=form.amount,
            reference=reference,
            description=f"Refund for order #{order.id}",
            reason=JournalReason.ADMIN_REFUND,
            by_house=by_house,
        )
        log.note(
            session,
            order,
            OrderActionType.REFUNDED,
            by=caller,
            new={"refund": str(form.amount), "charged_to": form.charged_to, "reason": form.reason},
            details=form.reason,
        )
        return operation_id, False
