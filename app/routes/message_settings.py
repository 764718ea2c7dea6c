"""How a user wants to be told of things."""

from flask import Blueprint

message_settings = Blueprint("message_settings", __name__)
