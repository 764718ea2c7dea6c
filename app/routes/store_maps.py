"""Floor plans of branches and routes through them."""

from flask import Blueprint

maps = Blueprint("store_maps", __name__)
