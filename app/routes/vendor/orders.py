"""A vendor's orders: answer, change, deliver, cancel and take back."""

from flask import Blueprint

orders = Blueprint("vendor_orders", __name__)
