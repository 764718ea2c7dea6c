"""Several orders picked in one walk."""

from flask import Blueprint

batches = Blueprint("batches", __name__)
