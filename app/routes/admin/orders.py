"""What managers and admins do to orders."""

from flask import Blueprint, Response

from app.middleware.answers import answer
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.performance import BranchMap, Synced
from app.schemas.picking import StoreCancelRequest
from app.schemas.picking_queue import StaffOrder
from app.services import performance
from app.services.fulfilment import shop_canceling
from app.services.orders import staff_detail, syncing
from app.services.orders.finding import StaffOrderNotFound

orders = Blueprint("managed_orders", __name__)
service = Blueprint("order_service", __name__)


@orders.post("/orders/<int:order_id>/cancel")
@endpoint(
    body=StoreCancelRequest,
    answers={200: StaffOrder},
    errors=(StaffOrderNotFound, shop_canceling.NotCancellableByShop),
)
def cancel_for_the_shop(order_id: int, body: StoreCancelRequest) -> Response:
    """Cancel an order in the shop's name before it is on its way.

    The goods go back on the shelf; a hold is let go of, a captured payment refunded, and the customer is told.
    """
    shop_canceling.cancel_order(order_id=order_id, reason=body.reason, caller=current_caller())
    return answer(staff_detail.detail(order_id=order_id, caller=current_caller()))


@service.get("/map")
@endpoint(answers={200: BranchMap})
def branch_map() -> Response:
    """Show every active branch with the number of its orders in work."""
    return answer(performance.branch_map())


@service.post("/orders/<int:order_id>/sync")
@endpoint(answers={200: Synced}, errors=(syncing.UnknownOrder,))
def sync_order(order_id: int) -> Response:
    """Look again at the payment of an order: what the provider has not answered yet is asked for at once."""
    syncing.sync(order_id=order_id)
    return answer(Synced())
