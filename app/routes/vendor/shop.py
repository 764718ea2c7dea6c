"""A vendor's shop: what it is and when it is open."""

from flask import Blueprint

shop = Blueprint("vendor_shop", __name__)
