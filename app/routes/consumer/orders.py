"""A shopper's own orders."""

from flask import Blueprint, Response

from app.middleware.answers import answer, cacheable, listed
from app.middleware.guards import current_caller
from app.openapi import File, endpoint
from app.schemas.checkout import CancelAnswer
from app.schemas.envelope import Listed
from app.schemas.orders import OrderAnswer, OrderQuery, Reordered
from app.services.checkout import canceling
from app.services.orders import reading, reordering

orders = Blueprint("orders", __name__)


@orders.get("")
@endpoint(query=OrderQuery, answers={200: Listed[OrderAnswer]})
def list_orders(query: OrderQuery) -> Response:
    """List your orders, newest first."""
    return listed(*reading.page(query, current_caller()))


@orders.post("/<int:order_id>/cancel")
@endpoint(answers={200: CancelAnswer}, errors=(canceling.OrderNotCancellable,))
def cancel(order_id: int) -> Response:
    """Cancel one of your orders while nobody picks it.

    Stock and delivery slot become free again, and the payment is let go of or given back.
    """
    return answer(canceling.cancel_order(order_id=order_id, caller=current_caller()))


@orders.get("/<int:order_id>")
@endpoint(answers={200: OrderAnswer}, errors=(reading.OrderNotFound,))
def order(order_id: int) -> Response:
    """Show one of your orders.

    Send the ETag of the last answer as If-None-Match to ask cheaply whether anything changed.
    """
    return cacheable(answer(reading.detail(order_id=order_id, caller=current_caller())))


@orders.post("/<int:order_id>/reorder")
@endpoint(answers={200: Reordered}, errors=(reading.OrderNotFound,))
def reorder(order_id: int) -> Response:
    """Put one of your orders into the cart again.

    Lines are added at today's prices to what the cart holds; what is not sold any more is listed in left_out.
    """
    return answer(reordering.reorder(order_id=order_id, caller=current_caller()))


@orders.get("/<int:order_id>/receipt")
@endpoint(answers={200: File("application/pdf", "The receipt.")}, errors=(reading.OrderNotFound,))
def receipt(order_id: int) -> Response:
    """Download the receipt of one of your orders as PDF."""
    from app.services.receipts import making  # noqa: PLC0415 (loads reportlab)

    made = making.receipt(order_id=order_id, caller=current_caller())
    headers = {"Content-Disposition": f'attachment; filename="{made.file_name}"'}
    return Response(made.pdf, mimetype="application/pdf", headers=headers)
