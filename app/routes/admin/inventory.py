"""Stock by hand: edits, bulk files, transfers and movements."""

from flask import Blueprint

inventory = Blueprint("managed_inventory", __name__)
