"""Figures for Prometheus."""

from flask import Blueprint

metrics = Blueprint("metrics", __name__)
