"""How a shopper eats."""

from flask import Blueprint

diets = Blueprint("diets", __name__)
public = Blueprint("food_types", __name__)
