"""Cancelling by the shop: the goods go back on the shelf and the money back to the customer."""

from app.domain.caller import Caller
from app.domain.order_states import CANCELLABLE_BY_SHOP
from app.errors import Conflict
from app.services.checkout.canceling import cancel_confirmed
from app.services.orders.finding import staff_order
from app.services.payments import sending
from app.transaction import retried, transaction

BY_SHOP = "store"
"""The cancel reason that the customer's message and the reports know."""


class NotCancellableByShop(Conflict):
    """`details.status` is where the order stands."""

    code = "INVALID_STATUS"
    message = "The order cannot be cancelled any more: it is on its way, handed over or cancelled."


def cancel_order(*, order_id: int, reason: str, caller: Caller) -> None:
    """Cancel an order before it is on its way; a hold is let go of, a captured payment refunded.

    Raises StaffOrderNotFound or NotCancellableByShop.
    """
    operation_id = retried(lambda: _cancel(order_id, reason, caller))
    if operation_id is not None:
        sending.carry_out(operation_id, caller)


def _cancel(order_id: int, reason: str, caller: Caller) -> int | None:
    with transaction() as session:
        order = staff_order(session, order_id=order_id, caller=caller)
        if order.status not in CANCELLABLE_BY_SHOP:
            raise NotCancellableByShop(details={"status": order.status})
        return cancel_confirmed(session, order, reason=BY_SHOP, by=caller, note=reason)
