"""Recipes and ways to eat as managers edit them."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, StringConstraints

from app.schemas.checklists import Pieces
from app.schemas.envelope import Answer, Instant, Request, RowId
from app.schemas.text import Line, Paragraphs

MOST_INGREDIENTS = 100
MOST_MARKS = 50


class Ingredient(Request):
    product_id: RowId
    quantity: Pieces = 1


def _each_once(ingredients: list[Ingredient]) -> list[Ingredient]:
    if len({ingredient.product_id for ingredient in ingredients}) < len(ingredients):
        raise ValueError("must name each product once")
    return ingredients


RecipeName = Annotated[Line, StringConstraints(min_length=2, max_length=120)]
RecipeText = Annotated[Paragraphs, StringConstraints(max_length=10_000)]
Ingredients = Annotated[list[Ingredient], Field(min_length=1, max_length=MOST_INGREDIENTS), AfterValidator(_each_once)]
FoodTypeName = Annotated[Line, StringConstraints(min_length=2, max_length=60)]


class NewRecipe(Request):
    example: ClassVar[Mapping[str, Any]] = {
        "name": "Tomato salad",
        "description": "Cut, salt, wait.",
        "products": [{"product_id": 1, "quantity": 3}, {"product_id": 2}],
    }

    name: RecipeName
    description: RecipeText | None = None
    products: Ingredients


class RecipeChange(Request):
    """What is left out stays. A null `description` empties it; `products` replaces all products."""

    example: ClassVar[Mapping[str, Any]] = {"products": [{"product_id": 1, "quantity": 4}]}

    name: RecipeName | None = None
    description: RecipeText | None = None
    products: Ingredients | None = None


class ManagedIngredient(Answer):
    product_id: int
    product_name: str
    quantity: int
    is_active: bool


class ManagedRecipe(Answer):
    id: int
    name: str
    description: str | None
    products: list[ManagedIngredient]
    created_at: Instant
    updated_at: Instant


class NewFoodType(Request):
    example: ClassVar[Mapping[str, Any]] = {"name": "Gluten free"}

    name: FoodTypeName


class ManagedFoodType(Answer):
    """`products` is the number of products marked with it."""

    id: int
    name: str
    products: int


class FoodTypeMarks(Request):
    """Every way to eat that the product fits. With none it counts as not looked at, and warns nobody."""

    example: ClassVar[Mapping[str, Any]] = {"food_type_ids": []}

    food_type_ids: list[RowId] = Field(max_length=MOST_MARKS)


class MarkedProduct(Answer):
    product_id: int
    food_type_ids: list[int]
