"""A vendor's orders: answer, change, deliver, cancel and take back."""

from flask import Blueprint, Response

from app.middleware.answers import answer, cacheable, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.shop_orders import ShopOrderQuery, VendorShopOrder, VendorShopOrderDetail
from app.services.shop_orders import finding, history
from app.services.shops.own import ShopNotFound

orders = Blueprint("vendor_orders", __name__)


@orders.get("")
@endpoint(query=ShopOrderQuery, answers={200: Listed[VendorShopOrder]}, errors=(ShopNotFound,))
def list_orders(query: ShopOrderQuery) -> Response:
    """List the orders of your shop, newest first."""
    return listed(*history.of_vendor(query, current_caller()))


@orders.get("/<int:order_id>")
@endpoint(answers={200: VendorShopOrderDetail}, errors=(finding.OrderNotFound,))
def show_order(order_id: int) -> Response:
    """Show one order of your shop with all that was done to it.

    Send the ETag of the last answer as If-None-Match to ask cheaply whether anything changed.
    """
    return cacheable(answer(history.vendors_order(order_id=order_id, caller=current_caller())))
