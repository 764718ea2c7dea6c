"""Stock as the staff of a branch see and count it."""

from flask import Blueprint

inventory = Blueprint("inventory_shown", __name__)
stock = Blueprint("stock", __name__)
