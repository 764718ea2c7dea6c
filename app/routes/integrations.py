"""What integrators may be told of."""

from flask import Blueprint

events = Blueprint("webhook_events", __name__)
