"""Vendors' shops under review: verify, feature, suspend."""

from flask import Blueprint

shops = Blueprint("admin_shops", __name__)
