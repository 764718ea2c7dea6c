"""Ways to eat and recipes of the demo shop."""

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.models import FoodType, Product, ProductFoodType, Recipe, RecipeProduct
from app.services.seed.assortment import products
from app.services.seed.eating import FOOD_TYPES, RECIPES, fits
from app.services.seed.shop import seed

RANGE = {values["name"]: values for values in products()}


def marks(session: Session, name: str) -> set[str]:
    statement = select(FoodType.name).join(ProductFoodType).join(Product).where(Product.name == name)
    return set(session.execute(statement).scalars())


@pytest.mark.parametrize(
    ("name", "fitting"),
    [
        ("Bananas", set(FOOD_TYPES)),
        ("Cola Classic 330 ml", set(FOOD_TYPES)),
        ("Plant Based Mince 300 g", set(FOOD_TYPES)),
        ("Nori Seaweed Snack 30 g", set(FOOD_TYPES)),
        ("Fresh Milk 3% Fat 1 l", set(FOOD_TYPES) - {"Vegan"}),
        ("Honey Citrus 350 g", set(FOOD_TYPES) - {"Vegan"}),
        ("Salmon Fillet Fresh", {"Omnivore", "Pescatarian", "Kosher", "Halal"}),
        ("Seafood Sticks 250 g", {"Omnivore", "Pescatarian", "Halal"}),
        ("Whole Chicken Fresh", {"Omnivore", "Kosher", "Halal"}),
        ("चिकन टिक्का 400 g", {"Omnivore", "Halal"}),
        ("Gummy Candy Bears 100 g", {"Omnivore"}),
        ("Lager Beer Classic 330 ml", set(FOOD_TYPES) - {"Halal"}),
        ("Bleach Classic 1 l", set()),
    ],
)
def test_what_a_product_fits_follows_from_what_it_is(name: str, fitting: set[str]) -> None:
    assert set(fits(RANGE[name])) == fitting


def test_everything_that_is_eaten_is_known_to_fit_something() -> None:
    unmarked = {values["category"] for values in RANGE.values() if not fits(values)}

    assert unmarked == {"Cleaning", "Personal Care"}


def test_some_of_the_range_is_frozen() -> None:
    assert 10 <= sum(values["is_frozen"] for values in RANGE.values()) <= 40


def test_the_demo_shop_has_recipes_and_marks_and_keeps_what_was_changed(session: Session) -> None:
    seed()
    first = (marks(session, "Bananas"), session.execute(select(func.count()).select_from(RecipeProduct)).scalar_one())
    bananas = session.execute(select(Product.id).where(Product.name == "Bananas")).scalar_one()
    halal = session.execute(select(FoodType.id).where(FoodType.name == "Halal")).scalar_one()
    one = select(Recipe.id).where(Recipe.name == "Pancakes").scalar_subquery()
    session.execute(
        delete(ProductFoodType).where(ProductFoodType.product_id == bananas, ProductFoodType.food_type_id != halal)
    )
    session.execute(delete(RecipeProduct).where(RecipeProduct.recipe_id == one))
    session.execute(update(Recipe).where(Recipe.name == "Shakshuka").values(description="Ours"))
    session.commit()

    seed()

    number = session.execute(select(func.count()).select_from(RecipeProduct)).scalar_one()
    assert first == (set(FOOD_TYPES), sum(len(recipe.products) for recipe in RECIPES))
    assert marks(session, "Bananas") == {"Halal"}
    assert number == first[1] - len(next(recipe.products for recipe in RECIPES if recipe.name == "Pancakes"))
    assert session.execute(select(func.count()).select_from(Recipe)).scalar_one() == len(RECIPES)
