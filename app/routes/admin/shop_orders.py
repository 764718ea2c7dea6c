"""Orders from vendors' shops as the office sees them: list, disputes and refunds."""

from flask import Blueprint

orders = Blueprint("admin_shop_orders", __name__)
