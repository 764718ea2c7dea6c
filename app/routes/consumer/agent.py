"""The assistant."""

from flask import Blueprint

agent = Blueprint("agent", __name__)
