"""What a trolley scanned, weighed and was told by its buttons."""

from flask import Blueprint

events = Blueprint("device_events", __name__)
