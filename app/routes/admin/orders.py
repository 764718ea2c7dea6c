"""What managers and admins do to orders."""

from flask import Blueprint

orders = Blueprint("managed_orders", __name__)
service = Blueprint("order_service", __name__)
