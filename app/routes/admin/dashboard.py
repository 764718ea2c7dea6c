"""The dashboard page; its data come from the API."""

from flask import Blueprint

dashboard = Blueprint("dashboard", __name__)
