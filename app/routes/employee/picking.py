"""Picking the lines of an order."""

from flask import Blueprint

picking = Blueprint("picking", __name__)
