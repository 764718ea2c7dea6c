"""What needs attention now."""

from flask import Blueprint

alerts = Blueprint("alerts", __name__)
assistance = Blueprint("assistance_queue", __name__)
