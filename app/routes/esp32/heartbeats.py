"""How a device is and where."""

from flask import Blueprint

heartbeats = Blueprint("device_heartbeats", __name__)
