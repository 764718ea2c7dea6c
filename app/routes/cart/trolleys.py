"""A shopper and a trolley: pairing, review, till, transfer and where it is."""

from flask import Blueprint

trolleys = Blueprint("shopper_trolleys", __name__)
