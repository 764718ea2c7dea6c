"""A consumer asks to give goods back, or the vendor takes them back unasked."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.caller import Caller
from app.domain.enums import OrderActionType, ReturnStatus
from app.domain.shop_order_states import Move, after
from app.errors import BadRequest, Conflict
from app.models import Order, OrderItem, OrderReturn, OrderReturnLine
from app.models.base import AnyRow
from app.schemas.shop_order_moves import RaiseReturnRequest
from app.services import locks
from app.services.shop_orders import log
from app.services.shop_orders.finding import consumer_order, vendor_order
from app.services.shop_orders.refusals import refused
from app.transaction import transaction

NOT_DELIVERED = "Only delivered orders can be returned"


class ReturnWindowOver(Conflict):
    code = "RETURN_WINDOW_OVER"
    message = "The time for returning this order is over. Write to the shop."


class ReturnTooMuch(BadRequest):
    """`details.lines` has each faulty item with what may still be returned of it."""

    code = "RETURN_QUANTITY"
    message = (
        "More than was bought and not yet returned, or not in this order; details.lines says what may be returned."
    )


def raise_return(form: RaiseReturnRequest, caller: Caller, *, order_id: int) -> int:
    """Ask to give back pieces of the caller's delivered order; answers the return's id.

    Raises OrderNotFound, InvalidMove, ReturnWindowOver or ReturnTooMuch.
    """
    with transaction() as session:
        locks.limit_waits(session)
        order = consumer_order(session, order_id=order_id, caller=caller)
        if after(Move.RAISE_RETURN, order.status) is None:
            raise refused(order, NOT_DELIVERED)
        _check_window(order)
        made = _make(session, order, form, caller, status=ReturnStatus.REQUESTED)
        log.note(session, order, OrderActionType.RETURN_REQUESTED, by=caller, new={"return_id": made.id})
        return made.id


def take_back_unasked(form: RaiseReturnRequest, caller: Caller, *, order_id: int) -> int:
    """Accept a return of an order of the caller's shop that nobody asked for; answers its id.

    Raises OrderNotFound, InvalidMove or ReturnTooMuch; the window binds consumers only.
    """
    with transaction() as session:
        locks.limit_waits(session)
        order = vendor_order(session, order_id=order_id, caller=caller)
        to = after(Move.ACCEPT_RETURN, order.status)
        if to is None:
            raise refused(order, NOT_DELIVERED)
        made = _make(session, order, form, caller, status=ReturnStatus.ACCEPTED)
        order.status = to
        log.note(session, order, OrderActionType.VENDOR_FORCED_RETURN, by=caller, new={"return_id": made.id})
        return made.id


def _check_window(order: Order) -> None:
    days = settings().return_window_days
    if days and order.delivered_at and datetime.now(UTC) > order.delivered_at + timedelta(days=days):
        raise ReturnWindowOver


_LIVE = OrderReturn.status != ReturnStatus.REJECTED
_LEFT = (
    select(
        OrderItem.id,
        OrderItem.product_id,
        (
            OrderItem.quantity
            - func.coalesce(
                select(func.sum(OrderReturnLine.quantity))
                .join(OrderReturn, OrderReturn.id == OrderReturnLine.return_id)
                .where(OrderReturnLine.order_item_id == OrderItem.id, _LIVE)
                .scalar_subquery(),
                0,
            )
        ).label("returnable"),
    )
    .where(OrderItem.order_id == bindparam("order_id"))
    .order_by(OrderItem.id)
)


def _make(
    session: Session, order: Order, form: RaiseReturnRequest, caller: Caller, *, status: ReturnStatus
) -> OrderReturn:
    """Write a return whose lines may be returned. A step on a locked order. Raises ReturnTooMuch."""
    wanted = {line.item_id: line.quantity for line in form.items}
    bought = {row.product_id: row for row in session.execute(_LEFT, {"order_id": order.id})}
    _check(wanted, bought)
    made = OrderReturn(
        order_id=order.id,
        reason=form.reason,
        status=status,
        requested_by=caller.user_id,
        photo_urls=form.photos,
        decided_at=None if status is ReturnStatus.REQUESTED else func.now(),
    )
    session.add(made)
    session.flush()
    session.add_all(
        OrderReturnLine(return_id=made.id, order_item_id=bought[item_id].id, quantity=quantity)
        for item_id, quantity in wanted.items()
    )
    session.flush()
    return made


def _check(wanted: Mapping[int, int], bought: Mapping[int, AnyRow]) -> None:
    left = {item_id: int(bought[item_id].returnable) if item_id in bought else 0 for item_id in wanted}
    faults = [
        {"item_id": item_id, "requested_quantity": quantity, "returnable_quantity": left[item_id]}
        for item_id, quantity in wanted.items()
        if quantity > left[item_id]
    ]
    if faults:
        raise ReturnTooMuch(details={"lines": faults})
