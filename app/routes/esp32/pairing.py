"""A trolley asks for a shopper."""

from flask import Blueprint

pairing = Blueprint("device_pairing", __name__)
