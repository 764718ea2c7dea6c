"""Recipes by what is on the list or in the trolley."""

from flask import Blueprint

recipes = Blueprint("recipes", __name__)
