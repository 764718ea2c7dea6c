"""A page that shows where the trolleys are."""

from flask import Blueprint

page = Blueprint("trolley_map", __name__)
