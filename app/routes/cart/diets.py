"""How a shopper eats."""

from flask import Blueprint, Response

from app.middleware.answers import answer, cacheable
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.diets import Diet, DietForm, FoodTypesAndCategories, KnownAllergens
from app.services import diets as eating

diets = Blueprint("diets", __name__)
public = Blueprint("food_types", __name__)


@diets.get("")
@endpoint(answers={200: Diet})
def show_diet() -> Response:
    """Show your diet: the way you eat and your allergies."""
    return answer(eating.show(current_caller()))


@diets.put("")
@endpoint(body=DietForm, answers={200: Diet}, errors=(eating.FoodTypeNotFound, eating.AllergenUnknown))
def put_diet(body: DietForm) -> Response:
    """Set your diet: the way you eat and your allergies; products that clash carry a warning from then on."""
    return answer(eating.put(body, current_caller()))


@public.get("/foodtypes-categories")
@endpoint(answers={200: FoodTypesAndCategories})
def list_food_types() -> Response:
    """List the ways to eat (vegetarian, kosher, ...) and the categories of products."""
    return cacheable(answer(eating.food_types_and_categories()))


@public.get("/allergens")
@endpoint(answers={200: KnownAllergens})
def list_allergens() -> Response:
    """List the allergens that a diet may name."""
    return cacheable(answer(eating.known_allergens()))
