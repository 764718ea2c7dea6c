"""One's own sign-ins."""

from flask import Blueprint

sessions = Blueprint("sessions", __name__)
