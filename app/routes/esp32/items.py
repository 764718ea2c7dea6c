"""A product as a trolley's display shows it."""

from flask import Blueprint

items = Blueprint("device_items", __name__)
