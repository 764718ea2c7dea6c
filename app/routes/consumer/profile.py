"""A consumer's profile."""

from flask import Blueprint

profile = Blueprint("consumer_profile", __name__)
