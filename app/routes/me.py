from flask import Blueprint

me = Blueprint("me", __name__)
