"""Orders from vendors' shops: confirm, history, changes, cancelling and returns."""

from flask import Blueprint, Response

from app.middleware.answers import answer, cacheable, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.shop_orders import ConsumerShopOrder, ConsumerShopOrderDetail, ShopOrderQuery
from app.services.shop_orders import finding, history

orders = Blueprint("shop_orders", __name__)


@orders.get("/order/history")
@endpoint(query=ShopOrderQuery, answers={200: Listed[ConsumerShopOrder]})
def list_own_orders(query: ShopOrderQuery) -> Response:
    """List your orders from vendors' shops, newest first."""
    return listed(*history.of_consumer(query, current_caller()))


@orders.get("/orders/<int:order_id>")
@endpoint(answers={200: ConsumerShopOrderDetail}, errors=(finding.OrderNotFound,))
def show_own_order(order_id: int) -> Response:
    """Show one of your orders with all that was done to it.

    Send the ETag of the last answer as If-None-Match to ask cheaply whether anything changed.
    """
    return cacheable(answer(history.consumers_order(order_id=order_id, caller=current_caller())))
