"""Orders from vendors' shops: confirm, history, changes, cancelling and returns."""

from flask import Blueprint

orders = Blueprint("shop_orders", __name__)
