"""The basket for one vendor's shop."""

from flask import Blueprint

cart = Blueprint("shop_cart", __name__)
