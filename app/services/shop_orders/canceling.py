"""Cancelling an order of a vendor's shop, by either side or because nobody answered it."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from app.config import settings
from app.domain.amounts import NOTHING
from app.domain.caller import Caller
from app.domain.enums import OrderStatus
from app.domain.shop_order_states import Move, after
from app.services import locks, passes
from app.services.checkout.canceling import fence_payment
from app.services.payments import sweeper
from app.services.shop_orders import ending
from app.services.shop_orders.ending import Ended
from app.services.shop_orders.finding import consumer_order, vendor_order
from app.services.shop_orders.refusals import refused
from app.transaction import reading, retried, transaction

log = logging.getLogger("aisle.shop_orders")

CLOSED = "Order already closed"
BATCH = 50


def cancel_by_consumer(caller: Caller, *, order_id: int) -> Decimal:
    """Cancel the caller's order until it is handed over; answers what they get back, or are not charged after all.

    One whose card is still undecided is fenced first and ends once the provider confirms that nothing is charged.
    Raises OrderNotFound or InvalidMove.
    """
    ended = retried(lambda: _cancel_own(caller, order_id))
    _settle(ended, caller)
    return ended.refund


def cancel_by_vendor(caller: Caller, *, order_id: int) -> Decimal:
    """Cancel an order of the caller's shop; answers what the consumer gets back. Raises OrderNotFound, InvalidMove."""
    ended = retried(lambda: _cancel_of_shop(caller, order_id))
    _settle(ended, caller)
    return ended.refund


def cancel_unanswered() -> int:
    """Cancel orders no vendor answered within VENDOR_ANSWER_MINUTES, in one pass; answers how many.

    One that cannot be ended is logged and blocks no other.
    """
    patience = timedelta(minutes=settings().vendor_answer_minutes)

    def overdue() -> Sequence[int]:
        with reading() as connection:
            return locks.unanswered_orders(connection, patience=patience, batch=BATCH)

    return passes.in_batches(overdue, lambda order_id: _tried(order_id, patience), batch=BATCH)


def _tried(order_id: int, patience: timedelta) -> bool:
    try:
        ended = _cancel_overdue(order_id, patience)
        _settle(ended, None)
    except Exception:
        log.exception("an unanswered order could not be cancelled", extra={"order_id": order_id})
        return False
    return ended is not None


def _cancel_own(caller: Caller, order_id: int) -> Ended:
    with transaction() as session:
        locks.limit_waits(session)
        order = consumer_order(session, order_id=order_id, caller=caller)
        if order.status is OrderStatus.CANCELLING:
            return Ended(NOTHING, None)
        if order.status is OrderStatus.PENDING_PAYMENT:
            return Ended(NOTHING, fence_payment(session, order, caller))
        if (to := after(Move.CONSUMER_CANCEL, order.status)) is None:
            raise refused(order, CLOSED)
        return ending.end(session, order, to, reason="user", by=caller, message="Order cancelled by the customer.")


def _cancel_of_shop(caller: Caller, order_id: int) -> Ended:
    with transaction() as session:
        locks.limit_waits(session)
        order = vendor_order(session, order_id=order_id, caller=caller)
        if (to := after(Move.VENDOR_CANCEL, order.status)) is None:
            raise refused(order, CLOSED)
        return ending.end(session, order, to, reason="store", by=caller, message="Order cancelled by the shop.")


def _cancel_overdue(order_id: int, patience: timedelta) -> Ended | None:
    with transaction() as session:
        locks.limit_waits(session)
        order = locks.unanswered_order(session, order_id=order_id, patience=patience)
        if order is None:
            return None
        message = "Order cancelled: the shop did not answer in time."
        return ending.end(session, order, OrderStatus.CANCELED, reason="unanswered", by=None, message=message)


def _settle(ended: Ended | None, caller: Caller | None) -> None:
    if ended is not None and ended.operation_id is not None:
        sweeper.settle(ended.operation_id, caller)
