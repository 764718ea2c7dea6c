"""Asking for stock to be set or added."""

from flask import Blueprint

stock_requests = Blueprint("stock_requests", __name__)
ops = Blueprint("ops_stock_requests", __name__)
