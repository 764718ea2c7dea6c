"""Moving an order from one state to the next by naming the new one; the table is `domain.order_states`."""

from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import OrderStatus as S
from app.domain.order_states import PICKABLE, SUPERMARKET_MOVES, fits_fulfillment, may_be_moved_by
from app.errors import Conflict, Forbidden
from app.models import Order
from app.services.checkout import releasing
from app.services.checkout.canceling import cancel_confirmed
from app.services.fulfilment import handing_over
from app.services.fulfilment.shop_canceling import BY_SHOP
from app.services.orders.finding import staff_order
from app.services.orders.states import move
from app.services.payments import sending
from app.services.picking import packing
from app.services.picking.claiming import check_unclaimed, own
from app.transaction import retried, transaction


class InvalidTransition(Conflict):
    """`details` name the present state, the one asked for, and those that are possible."""

    code = "INVALID_STATUS_TRANSITION"
    message = "The order cannot move to that state from where it stands; details.allowed lists what it can."


class NothingMissing(Conflict):
    code = "INVALID_STATUS_TRANSITION"
    message = "No line is marked missing: an order is MISSING because of its lines."


def change_status(*, order_id: int, to: S, caller: Caller) -> None:
    """Move an order of the caller's branches.

    READY settles and captures; DELIVERED hands over; CANCELED gives the money back; DELAYED is a detour that leads
    back to where it came from. Raises StaffOrderNotFound, InvalidTransition, Forbidden where the role may not make the
    move, OrderClaimed, NotAllPicked, NothingMissing or PaymentNotCaptured.
    """
    operation_id = retried(lambda: _change(order_id, to, caller))
    if operation_id is not None:
        sending.carry_out(operation_id, caller)


def _change(order_id: int, to: S, caller: Caller) -> int | None:
    with transaction() as session:
        order = staff_order(session, order_id=order_id, caller=caller)
        _check_move(order, to, caller)
        if order.status in PICKABLE:
            check_unclaimed(session, order, caller)
        return _move(session, order, to, caller)


def _check_move(order: Order, to: S, caller: Caller) -> None:
    """Whether the table, the way of fulfilment and the caller's role allow a move.

    Raises InvalidTransition or Forbidden.
    """
    allowed = _possible(order)
    if to not in allowed:
        raise InvalidTransition(details={"from": order.status, "to": to, "allowed": sorted(allowed)})
    if not may_be_moved_by(caller.role, order.status, to):
        raise Forbidden("Only a manager may move an order there.")


def _possible(order: Order) -> set[S]:
    """The states somebody may move an order to from where it stands."""
    named = {to for to, roles in SUPERMARKET_MOVES[order.status].items() if roles}
    if order.status is S.DELAYED:
        named &= {order.delayed_from} if order.delayed_from else set()
    return {to for to in named if fits_fulfillment(to, order.status, order.fulfillment_type)}


def _move(session: Session, order: Order, to: S, caller: Caller) -> int | None:
    """Make the move and whatever belongs to it; answers the payment operation to carry out."""
    back_from_delay = order.status is S.DELAYED
    match to:
        case S.CANCELED:
            return cancel_confirmed(session, order, reason=BY_SHOP, by=caller)
        case S.READY if not back_from_delay:
            operation_id = packing.pack(session, order, without_missing=order.status is S.MISSING)
            move(session, order, to, caller)
            return operation_id
        case S.DELIVERED:
            handing_over.hand_over(session, order, caller=caller)
            return None
        case S.OUT_FOR_DELIVERY:
            handing_over.set_out(session, order, caller=caller)
            return None
        case S.MISSING if not packing.has_missing_line(session, order.id):
            raise NothingMissing
        case S.IN_PROGRESS if order.picker_id is None and not caller.is_manager:
            own(session, order, caller)
        case S.DELAYED:
            releasing.publish(session, releasing.facts_of(order), "order.delayed")
    move(session, order, to, caller)
    return None
