"""The orders of the branches the staff work at."""

from flask import Blueprint

orders = Blueprint("ops_orders", __name__)
