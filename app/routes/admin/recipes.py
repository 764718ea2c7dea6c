"""Recipes and ways to eat."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed, Message
from app.schemas.managed_recipes import (
    FoodTypeMarks,
    ManagedFoodType,
    ManagedRecipe,
    MarkedProduct,
    NewFoodType,
    NewRecipe,
    RecipeChange,
)
from app.schemas.pagination import Page
from app.services import diets, food_types, managed_recipes
from app.services.recipes import RecipeNotFound

recipes = Blueprint("admin_recipes", __name__)


@recipes.get("/recipes")
@endpoint(query=Page, answers={200: Listed[ManagedRecipe]})
def list_recipes(query: Page) -> Response:
    """List all recipes, newest first."""
    return listed(*managed_recipes.list_recipes(query))


@recipes.get("/recipes/<int:recipe_id>")
@endpoint(answers={200: ManagedRecipe}, errors=(RecipeNotFound,))
def show_recipe(recipe_id: int) -> Response:
    """Show a recipe with its products, those off sale too."""
    return answer(managed_recipes.show(recipe_id))


@recipes.post("/recipes")
@endpoint(
    body=NewRecipe,
    answers={201: ManagedRecipe},
    errors=(managed_recipes.RecipeExists, managed_recipes.IngredientUnknown),
)
def create_recipe(body: NewRecipe) -> Response:
    """Add a recipe made of products of the catalog."""
    return answer(managed_recipes.create(body, current_caller()), status=201)


@recipes.patch("/recipes/<int:recipe_id>")
@endpoint(
    body=RecipeChange,
    answers={200: ManagedRecipe},
    errors=(RecipeNotFound, managed_recipes.RecipeExists, managed_recipes.IngredientUnknown),
)
def change_recipe(recipe_id: int, body: RecipeChange) -> Response:
    """Change a recipe; what is left out stays."""
    return answer(managed_recipes.change(body, current_caller(), recipe_id=recipe_id))


@recipes.delete("/recipes/<int:recipe_id>")
@endpoint(answers={200: Message}, errors=(RecipeNotFound,))
def delete_recipe(recipe_id: int) -> Response:
    """Delete a recipe. Checklists keep what it put on them."""
    managed_recipes.remove(current_caller(), recipe_id=recipe_id)
    return answer(Message(message="The recipe is deleted."))


@recipes.get("/food-types")
@endpoint(query=Page, answers={200: Listed[ManagedFoodType]})
def list_food_types(query: Page) -> Response:
    """List the ways to eat."""
    return listed(*food_types.list_food_types(query))


@recipes.post("/food-types")
@endpoint(body=NewFoodType, answers={201: ManagedFoodType}, errors=(food_types.FoodTypeExists,))
def create_food_type(body: NewFoodType) -> Response:
    """Add a way to eat."""
    return answer(food_types.create(body, current_caller()), status=201)


@recipes.patch("/food-types/<int:food_type_id>")
@endpoint(
    body=NewFoodType,
    answers={200: ManagedFoodType},
    errors=(diets.FoodTypeNotFound, food_types.FoodTypeExists),
)
def rename_food_type(food_type_id: int, body: NewFoodType) -> Response:
    """Give a way to eat another name."""
    return answer(food_types.rename(body, current_caller(), food_type_id=food_type_id))


@recipes.get("/products/<int:product_id>/food-types")
@endpoint(answers={200: MarkedProduct})
def show_marks(product_id: int) -> Response:
    """Show which ways to eat a product fits."""
    return answer(food_types.marks(product_id))


@recipes.put("/products/<int:product_id>/food-types")
@endpoint(body=FoodTypeMarks, answers={200: MarkedProduct}, errors=(diets.FoodTypeNotFound,))
def put_marks(product_id: int, body: FoodTypeMarks) -> Response:
    """Replace the ways to eat that a product fits.

    Shoppers who eat otherwise are warned of it. A product without any mark warns nobody.
    """
    return answer(food_types.mark(body, current_caller(), product_id=product_id))
