from flask import Blueprint

branches = Blueprint("branches", __name__)
