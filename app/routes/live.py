"""News the moment it happens: a stream of events, and the list for those who ask again and again."""

from flask import Blueprint

live = Blueprint("live", __name__)
