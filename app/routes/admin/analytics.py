"""Reports as JSON, CSV and charts."""

from flask import Blueprint

revenue = Blueprint("analytics_revenue", __name__)
reports = Blueprint("analytics_reports", __name__)
