"""Categories, products and their pictures."""

from flask import Blueprint

catalog = Blueprint("managed_catalog", __name__)
