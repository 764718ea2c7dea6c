"""A vendor's business, papers and bank."""

from flask import Blueprint

profile = Blueprint("vendor_profile", __name__)
