"""Recipes and ways to eat."""

from flask import Blueprint

recipes = Blueprint("admin_recipes", __name__)
