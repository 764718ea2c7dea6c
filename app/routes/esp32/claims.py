"""A device gets its key."""

from flask import Blueprint

claims = Blueprint("device_claims", __name__)
