"""Ways to eat, what of the demo shop's range fits them, and recipes made of it.

Only what was never touched is added: a product with any mark and a recipe that exists stay as they are.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Text, bindparam, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import FoodType, Recipe, RecipeProduct

FOOD_TYPES = ("Omnivore", "Pescatarian", "Vegetarian", "Vegan", "Kosher", "Halal")
_NOT_EATEN = {"Cleaning", "Personal Care"}
_WITH_GELATINE = ("Gummy Candy", "Marshmallows")
_PLANTS = ("Plant Based", "Organic Plant Based")

Values = Mapping[str, Any]


class DemoRecipe(NamedTuple):
    """A recipe by the names of its products, each with the pieces it needs."""

    name: str
    description: str
    products: dict[str, int]


RECIPES: tuple[DemoRecipe, ...] = (
    DemoRecipe(
        "Shakshuka",
        "Soften onion and pepper in oil, add spice and tomatoes, simmer until thick. Poach the eggs in it, lid on.",
        {
            "Tomatoes Vine": 6,
            "Onions White": 1,
            "Peppers Red": 2,
            "Free Range Eggs Medium 6 pack": 1,
            "Olive Oil Extra Virgin 500 ml": 1,
            "Ground Spice Paprika 80 g": 1,
        },
    ),
    DemoRecipe(
        "Spaghetti with basil sauce",
        "Boil the spaghetti, warm the sauce, toss them together. Parmesan and torn basil on top.",
        {
            "Spaghetti Classic 500 g": 1,
            "Tomato Sauce Basil 350 g": 1,
            "Parmesan Block 100 g": 1,
            "Fresh Herbs Basil bunch": 1,
        },
    ),
    DemoRecipe(
        "Greek salad",
        "Cut everything large, salt it, crumble the feta over it and finish with oil.",
        {
            "Tomatoes Vine": 4,
            "Cucumbers": 3,
            "Onions Red": 1,
            "Feta Sheep 200 g": 1,
            "Olive Oil Extra Virgin 500 ml": 1,
        },
    ),
    DemoRecipe(
        "Hummus plate",
        "Spread the hummus, make a hollow for the oil, and serve with warm pita and cucumber.",
        {"Hummus Classic 400 g": 1, "Pita White 6 pack": 1, "Cucumbers": 2, "Olive Oil Extra Virgin 500 ml": 1},
    ),
    DemoRecipe(
        "Red lentil dal with rice",
        "Boil the lentils soft with turmeric. Fry onion and cumin, pour them over, serve on rice.",
        {
            "Dry Lentils Red 500 g": 1,
            "Rice Basmati 1 kg": 1,
            "Onions White": 1,
            "Ground Spice Turmeric 80 g": 1,
            "Ground Spice Cumin 80 g": 1,
        },
    ),
    DemoRecipe(
        "Sunday roast chicken",
        "Salt the chicken, lay it on the cut vegetables, roast until the juices run clear.",
        {"Whole Chicken Fresh": 1, "Potatoes White": 6, "Carrots 500 g": 1, "Onions White": 2},
    ),
    DemoRecipe(
        "Pancakes",
        "Whisk flour, milk and eggs, rest the batter, fry thin in butter.",
        {
            "Flour White 1 kg": 1,
            "Fresh Milk 3% Fat 1 l": 1,
            "Free Range Eggs Medium 6 pack": 1,
            "Salted Butter 100 g": 1,
        },
    ),
)

_MARK = text("""
INSERT INTO product_food_types (product_id, food_type_id)
SELECT products.id, food_types.id
FROM unnest(:skus, :names) AS fitting (sku, name)
JOIN products ON products.sku = fitting.sku AND products.shop_id IS NULL
JOIN food_types ON food_types.name = fitting.name
WHERE NOT EXISTS (SELECT FROM product_food_types WHERE product_food_types.product_id = products.id)
""").bindparams(bindparam("skus", type_=ARRAY(Text)), bindparam("names", type_=ARRAY(Text)))


def add(session: Session, goods: list[dict[str, Any]], product_ids: Mapping[str, int]) -> None:
    """Add what is missing; `product_ids` are those of the range by SKU. A step."""
    session.execute(insert(FoodType).values([{"name": name} for name in FOOD_TYPES]).on_conflict_do_nothing())
    fitting = [(values["sku"], name) for values in goods for name in fits(values)]
    session.execute(_MARK, {"skus": [sku for sku, _ in fitting], "names": [name for _, name in fitting]})
    _add_recipes(session, {values["name"]: product_ids[values["sku"]] for values in goods})


def fits(values: Values) -> list[str]:
    """The ways to eat that a product of the range fits; none for what is not eaten."""
    if values["category"] in _NOT_EATEN:
        return []
    allergens, name = set(values["allergens"]), values["name"]
    has_meat = values["category"] == "Meat and Poultry" and not name.startswith(_PLANTS)
    has_gelatine = name.startswith(_WITH_GELATINE)
    no_animal_died = not (has_meat or has_gelatine or "fish" in allergens)
    rules = {
        "Omnivore": True,
        "Pescatarian": not (has_meat or has_gelatine),
        "Vegetarian": no_animal_died,
        "Vegan": no_animal_died and not allergens & {"milk", "eggs"} and "Honey" not in name,
        "Kosher": not (has_gelatine or (has_meat and "milk" in allergens) or name.startswith("Seafood")),
        "Halal": not (has_gelatine or values["age_limit"]),
    }
    return [food_type for food_type in FOOD_TYPES if rules[food_type]]


def _add_recipes(session: Session, ids: Mapping[str, int]) -> None:
    known = set(session.execute(select(Recipe.name)).scalars())
    fresh = [recipe for recipe in RECIPES if recipe.name not in known]
    if not fresh:
        return
    rows = [{"name": recipe.name, "description": recipe.description} for recipe in fresh]
    made = session.execute(insert(Recipe).values(rows).returning(Recipe.name, Recipe.id)).all()
    recipe_ids = {row.name: row.id for row in made}
    products = [
        {"recipe_id": recipe_ids[recipe.name], "product_id": ids[name], "quantity": quantity}
        for recipe in fresh
        for name, quantity in recipe.products.items()
    ]
    session.execute(insert(RecipeProduct).values(products))
