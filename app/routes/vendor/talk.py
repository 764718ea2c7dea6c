"""Messages and issues of a vendor's orders."""

from flask import Blueprint

talk = Blueprint("vendor_talk", __name__)
