"""Floor plans, shelves and sections of branches."""

from flask import Blueprint

layouts = Blueprint("admin_layouts", __name__)
