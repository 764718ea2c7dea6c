"""The driver's steps, and handing over at the counter."""

from flask import Blueprint

deliveries = Blueprint("deliveries", __name__)
