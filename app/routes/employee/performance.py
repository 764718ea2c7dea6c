"""How the picking goes."""

from flask import Blueprint

performance = Blueprint("performance", __name__)
