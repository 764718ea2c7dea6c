"""The basket in a trolley, and leaving it."""

from flask import Blueprint

basket = Blueprint("trolley_basket", __name__)
