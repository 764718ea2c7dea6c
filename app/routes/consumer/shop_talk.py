"""Messages, ratings and issues of an order from a vendor's shop."""

from flask import Blueprint

talk = Blueprint("shop_talk", __name__)
