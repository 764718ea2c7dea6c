"""Paying for what is in a trolley, and what was bought before."""

from flask import Blueprint

orders = Blueprint("trolley_orders", __name__)
