"""The fleet of trolleys and the devices on them."""

from flask import Blueprint

devices = Blueprint("admin_devices", __name__)
