"""Recipes by what is on the list or in the trolley."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.checklists import ChecklistLine
from app.schemas.envelope import Listed
from app.schemas.recipes import RecipeDetail, RecipeMatch, RecipeQuery
from app.services import checklists
from app.services import recipes as cookbook
from app.services.trolleys.refusals import NoTrolley

recipes = Blueprint("recipes", __name__)


@recipes.get("")
@endpoint(query=RecipeQuery, answers={200: Listed[RecipeMatch]}, errors=(NoTrolley,))
def list_recipes(query: RecipeQuery) -> Response:
    """List the recipes that need something of your checklist, or of your trolley with `source=cart`."""
    return listed(*cookbook.find(query, current_caller()))


@recipes.get("/<int:recipe_id>")
@endpoint(answers={200: RecipeDetail}, errors=(cookbook.RecipeNotFound,))
def show_recipe(recipe_id: int) -> Response:
    """Show a recipe with all its products."""
    return answer(cookbook.show(current_caller(), recipe_id=recipe_id))


@recipes.post("/<int:recipe_id>/add-to-checklist")
@endpoint(
    answers={200: list[ChecklistLine]},
    errors=(cookbook.RecipeNotFound, checklists.ChecklistQuantityLimit),
)
def add_recipe(recipe_id: int) -> Response:
    """Put all products of a recipe on your checklist, on top of what is there."""
    return answer(cookbook.add_to_checklist(current_caller(), recipe_id=recipe_id))
