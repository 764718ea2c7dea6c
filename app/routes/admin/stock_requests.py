"""Reviewing what employees ask for."""

from flask import Blueprint

reviews = Blueprint("stock_reviews", __name__)
