"""Vendors' shops and their items, as consumers see them."""

from flask import Blueprint

shops = Blueprint("consumer_shops", __name__)
public = Blueprint("shop_items", __name__)
