from flask import Blueprint

cart = Blueprint("cart", __name__)
