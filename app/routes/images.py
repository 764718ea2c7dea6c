"""Uploaded pictures."""

from flask import Blueprint

images = Blueprint("images", __name__)
