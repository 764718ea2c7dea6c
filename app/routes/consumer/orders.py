"""A shopper's own orders."""

from flask import Blueprint, Response

from app.middleware.answers import answer, cacheable, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.orders import OrderAnswer, OrderQuery
from app.services.orders import reading

orders = Blueprint("orders", __name__)


@orders.get("")
@endpoint(query=OrderQuery, answers={200: Listed[OrderAnswer]})
def list_orders(query: OrderQuery) -> Response:
    """List your orders, newest first."""
    return listed(*reading.page(query, current_caller()))


@orders.get("/<int:order_id>")
@endpoint(answers={200: OrderAnswer}, errors=(reading.OrderNotFound,))
def order(order_id: int) -> Response:
    """Show one of your orders.

    Send the ETag of the last answer as If-None-Match to ask cheaply whether anything changed.
    """
    return cacheable(answer(reading.detail(order_id=order_id, caller=current_caller())))
