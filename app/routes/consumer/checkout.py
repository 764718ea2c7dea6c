from flask import Blueprint

checkout = Blueprint("checkout", __name__)
