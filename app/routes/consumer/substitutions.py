"""Deciding on substitutes."""

from flask import Blueprint

substitutions = Blueprint("substitutions", __name__)
