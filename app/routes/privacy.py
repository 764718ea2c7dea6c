"""What is kept of a person: to take along, or to be forgotten."""

from flask import Blueprint

privacy = Blueprint("privacy", __name__)
