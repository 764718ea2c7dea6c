"""Branches and their delivery slots."""

from flask import Blueprint

branches = Blueprint("managed_branches", __name__)
