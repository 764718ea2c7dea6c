"""How shoppers eat and what they must not."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from app.schemas.envelope import Answer, Request, RowId
from app.schemas.managed_catalog import Allergens


class ShownFoodType(Answer):
    foodtype_id: int
    foodtype_name: str


class ShownCategory(Answer):
    category_id: int
    category_name: str


class FoodTypesAndCategories(Answer):
    """Ways to eat and the categories of the catalog, both by name."""

    foodtypes: list[ShownFoodType]
    categories: list[ShownCategory]


class KnownAllergens(Answer):
    """The words that may stand in a diet: the fourteen of EU law, and whatever else products have."""

    allergens: list[str]


class DietForm(Request):
    """The whole diet; what is left out is none."""

    example: ClassVar[Mapping[str, Any]] = {"food_type_id": None, "allergies": ["peanuts", "sesame"]}

    food_type_id: RowId | None = None
    allergies: Allergens = Field(default_factory=list)


class Diet(Answer):
    """`allergies` also has the other words for the same, as products may carry either."""

    food_type_id: int | None
    food_type_name: str | None
    allergies: list[str]
