"""A consumer's wallet."""

from flask import Blueprint

wallet = Blueprint("consumer_wallet", __name__)
