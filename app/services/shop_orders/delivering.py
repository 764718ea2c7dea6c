"""The vendor answers an order: accepted, rejected or delivered."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from app.config import settings
from app.domain.caller import Caller
from app.domain.commission import commission_on
from app.domain.enums import OrderActionType, OrderStatus, PaymentMethod
from app.domain.shop_order_states import Move, after, changes_nothing
from app.models import Order
from app.services import locks
from app.services.payments import settlement, sweeper
from app.services.shop_orders import ending, log
from app.services.shop_orders.finding import vendor_order
from app.services.shop_orders.refusals import refused
from app.services.stock import giving_out
from app.services.wallets import earning, maturing
from app.transaction import retried, transaction


def answer(move: Move, caller: Caller, *, order_id: int) -> None:
    """Accept, reject or deliver an order of the caller's shop; a repeat changes nothing.

    Raises OrderNotFound, or InvalidMove where the contract's table has a dash.
    """
    operation_id = retried(lambda: _answer(move, caller, order_id))
    if operation_id is not None:
        sweeper.settle(operation_id, caller)


def _answer(move: Move, caller: Caller, order_id: int) -> int | None:
    """Answers the payment operation to carry out, if there is one."""
    with transaction() as session:
        locks.limit_waits(session)
        order = vendor_order(session, order_id=order_id, caller=caller)
        if changes_nothing(move, order.status):
            return None
        to = after(move, order.status)
        if to is None:
            raise refused(order)
        if move is Move.REJECT:
            return ending.end(session, order, to, reason="vendor_rejected", by=caller).operation_id
        old, operation_id = order.status, None
        if move is Move.DELIVER:
            operation_id = _hand_over(session, order, caller)
        order.status = to
        log.note(session, order, OrderActionType.STATUS_UPDATED, by=caller, old={"status": old})
    return operation_id


def _hand_over(session: Session, order: Order, caller: Caller) -> int | None:
    """The goods are the consumer's and the money is the vendor's. A step; answers the capture to carry out, if any.

    A card is charged now, with what was agreed; cash went from hand to hand and never passes our books.
    """
    operation_id = _request_capture(session, order) if order.payment_method is PaymentMethod.CARD else None
    giving_out.give_out(session, order, actor_user_id=caller.user_id)
    order.status, order.delivered_at = OrderStatus.DELIVERED, datetime.now(UTC)
    if order.payment_method is PaymentMethod.CASH:
        session.flush()
        return None
    order.commission = commission_on(order.total_amount, settings().commission_percent)
    order.matures_at = order.delivered_at + timedelta(days=settings().hold_days)
    session.flush()
    earning.post_delivery(session, order)
    if settings().hold_days == 0 and order.payment_method is PaymentMethod.WALLET:
        maturing.mature(session, order)
    return operation_id


def _request_capture(session: Session, order: Order) -> int | None:
    payment = locks.payment_of(session, order_id=order.id)
    return settlement.request_capture(session, payment, amount=order.total_amount) if payment else None
