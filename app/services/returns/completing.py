"""The goods are back with the vendor, and the money goes back to the consumer."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Numeric, bindparam, func, select, text, update
from sqlalchemy.orm import Session

from app.domain.amounts import NOTHING
from app.domain.caller import Caller
from app.domain.enums import JournalReason, OrderActionType, ReturnStatus
from app.domain.shop_order_states import Move, after
from app.models import Order, OrderItem, OrderReturn, OrderReturnLine
from app.models.base import AnyRow
from app.schemas.shop_order_moves import CompleteReturnRequest
from app.services import locks
from app.services.payments import sweeper
from app.services.shop_orders import log
from app.services.shop_orders.finding import vendor_order
from app.services.shop_orders.refusals import refused
from app.services.wallets import refunding
from app.transaction import retried, transaction


def complete(form: CompleteReturnRequest, caller: Caller, *, order_id: int) -> Decimal:
    """Complete the accepted returns of an order of the caller's shop; answers what the consumer gets back.

    Never more than was paid and not yet refunded; of an order paid in cash the vendor gives it from hand to hand.
    Raises OrderNotFound, InvalidMove, InsufficientFunds where the vendor's account is short, or AmountNotAvailable
    while the card is not charged yet.
    """
    refund, operation_id = retried(lambda: _complete(form, caller, order_id))
    if operation_id is not None:
        sweeper.settle(operation_id, caller)
    return refund


def _complete(form: CompleteReturnRequest, caller: Caller, order_id: int) -> tuple[Decimal, int | None]:
    with transaction() as session:
        locks.limit_waits(session)
        order = vendor_order(session, order_id=order_id, caller=caller)
        to = after(Move.COMPLETE_RETURN, order.status)
        if to is None:
            raise refused(order, "Return not accepted yet")
        returns: Sequence[AnyRow] = session.execute(_WORTH, {"order_id": order.id}).all()
        if not returns:
            raise refused(order, "No accepted returns found")
        refund = min(sum((row.worth for row in returns), NOTHING), refunding.refundable(session, order))
        _finish(session, returns, refund)
        if form.restock:
            _restock(session, order, [row.id for row in returns], caller)
        old, order.status = order.status, to
        session.flush()
        operation_id = refunding.refund(
            session,
            order,
            amount=refund,
            reference=f"return:{returns[0].id}",
            description=f"Return refund for order #{order.id}",
            reason=JournalReason.RETURN_COMPLETED,
        )
        log.note(
            session,
            order,
            OrderActionType.RETURN_COMPLETED,
            by=caller,
            old={"status": old},
            new={"return_ids": [row.id for row in returns], "refund": str(refund)},
        )
        return refund, operation_id


_WORTH = (
    select(
        OrderReturn.id, func.sum(OrderItem.unit_price * OrderReturnLine.quantity, type_=Numeric(12, 2)).label("worth")
    )
    .join(OrderReturnLine, OrderReturnLine.return_id == OrderReturn.id)
    .join(OrderItem, OrderItem.id == OrderReturnLine.order_item_id)
    .where(OrderReturn.order_id == bindparam("order_id"), OrderReturn.status == ReturnStatus.ACCEPTED)
    .group_by(OrderReturn.id)
    .order_by(OrderReturn.id)
)
_FINISH = (
    update(OrderReturn)
    .where(OrderReturn.id == bindparam("return_id"))
    .values(status=ReturnStatus.COMPLETED, refund_amount=bindparam("amount"))
    .execution_options(synchronize_session=False)
)


def _finish(session: Session, returns: Sequence[AnyRow], refund: Decimal) -> None:
    """Mark returns completed, the refund spread over them in turn. A step: one statement for all."""
    rows, left = [], refund
    for row in returns:
        amount = min(row.worth, left)
        left -= amount
        rows.append({"return_id": row.id, "amount": amount})
    session.connection().execute(_FINISH, rows)


_RESTOCK = text("""
WITH lines AS MATERIALIZED (
    SELECT line.id, item.product_id, line.quantity
    FROM order_return_lines AS line JOIN order_items AS item ON item.id = line.order_item_id
    WHERE line.return_id = ANY(CAST(:return_ids AS bigint[]))
), moved AS (
    INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change,
                                 source_type, source_id, actor_user_id)
    SELECT :stock_location_id, product_id, 'restock', quantity, 0, 'order_return_line', id, :actor_user_id FROM lines
)
UPDATE inventory SET available_quantity = available_quantity + back.quantity, updated_at = now()
FROM (SELECT product_id, sum(quantity) AS quantity FROM lines GROUP BY product_id) AS back
WHERE inventory.stock_location_id = :stock_location_id AND inventory.product_id = back.product_id
""")


def _restock(session: Session, order: Order, return_ids: list[int], caller: Caller) -> None:
    """Put what came back on sale again. A step; locks the stock of the order."""
    locks.stock_of_order(session, order_id=order.id, stock_location_id=order.stock_location_id)
    values = {"return_ids": return_ids, "stock_location_id": order.stock_location_id, "actor_user_id": caller.user_id}
    session.execute(_RESTOCK, values)
