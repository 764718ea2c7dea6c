"""Payment operations that need a person."""

from flask import Blueprint

payments = Blueprint("managed_payments", __name__)
