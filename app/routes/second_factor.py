"""The second factor of one's own account."""

from flask import Blueprint

second_factor = Blueprint("second_factor", __name__)
