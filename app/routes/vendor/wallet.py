"""A vendor's money: balance, history, statement and payouts."""

from flask import Blueprint

wallet = Blueprint("vendor_wallet", __name__)
