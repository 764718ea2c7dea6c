"""Offers, search and products as the trolley's app asks for them."""

from flask import Blueprint

products = Blueprint("trolley_products", __name__)
