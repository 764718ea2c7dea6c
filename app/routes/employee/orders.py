"""The orders of the branches the staff work at."""

from flask import Blueprint, Response

from app.middleware.answers import answer, cacheable, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.picking_queue import QueueOrder, QueueQuery, StaffOrder
from app.services.orders import queue, staff_detail
from app.services.orders.finding import StaffOrderNotFound

orders = Blueprint("ops_orders", __name__)


@orders.get("/orders")
@endpoint(query=QueueQuery, answers={200: Listed[QueueOrder]})
def list_orders(query: QueueQuery) -> Response:
    """List the orders of your branches, the most urgent first.

    Orders in work come first: by urgency_rank, then by the end of their window. Ended ones follow, newest first.
    """
    return listed(*queue.page(query, current_caller()))


@orders.get("/orders/<int:order_id>")
@endpoint(answers={200: StaffOrder}, errors=(StaffOrderNotFound,))
def order(order_id: int) -> Response:
    """Show an order of one of your branches with everything needed to pick it.

    Send the ETag of the last answer as If-None-Match to ask cheaply whether anything changed.
    """
    return cacheable(answer(staff_detail.detail(order_id=order_id, caller=current_caller())))
