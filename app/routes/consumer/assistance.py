"""Asking the staff for help."""

from flask import Blueprint

assistance = Blueprint("assistance", __name__)
