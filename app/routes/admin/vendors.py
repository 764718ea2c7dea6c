"""Vendors' businesses and papers under review."""

from flask import Blueprint

vendors = Blueprint("admin_vendors", __name__)
