from flask import Blueprint

catalog = Blueprint("catalog", __name__)
reviews = Blueprint("reviews", __name__)
