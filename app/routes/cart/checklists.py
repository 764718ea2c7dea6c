"""A shopper's checklist."""

from flask import Blueprint

checklists = Blueprint("checklists", __name__)
