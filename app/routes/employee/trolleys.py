"""Trolleys that need help, incidents, and handing a basket to a till."""

from flask import Blueprint

trolleys = Blueprint("staff_trolleys", __name__)
till = Blueprint("till", __name__)
