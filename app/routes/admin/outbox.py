"""Events that could not be told, and telling them again."""

from flask import Blueprint

outbox = Blueprint("admin_outbox", __name__)
