"""Orders from vendors' shops as the office sees them: list, disputes and refunds."""

from flask import Blueprint, Response

from app.middleware.answers import answer, cacheable, listed
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.shop_orders import AdminShopOrder, AdminShopOrderDetail, AdminShopOrderQuery
from app.services.shop_orders import finding, history

orders = Blueprint("admin_shop_orders", __name__)


@orders.get("/orders")
@endpoint(query=AdminShopOrderQuery, answers={200: Listed[AdminShopOrder]})
def list_shop_orders(query: AdminShopOrderQuery) -> Response:
    """List the orders of all vendors' shops, newest first."""
    return listed(*history.of_all(query))


@orders.get("/orders/<int:order_id>")
@endpoint(answers={200: AdminShopOrderDetail}, errors=(finding.OrderNotFound,))
def show_shop_order(order_id: int) -> Response:
    """Show one order of any vendor's shop with all that was done to it."""
    return cacheable(answer(history.any_order(order_id=order_id)))
