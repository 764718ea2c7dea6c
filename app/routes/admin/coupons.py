"""Coupons."""

from flask import Blueprint

coupons = Blueprint("coupons", __name__)
