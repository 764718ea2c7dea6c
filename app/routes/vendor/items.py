"""A vendor's items."""

from flask import Blueprint

items = Blueprint("vendor_items", __name__)
