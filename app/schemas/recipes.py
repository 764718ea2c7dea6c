"""Recipes as shoppers see them."""

from typing import Literal

from app.schemas.envelope import Answer
from app.schemas.pagination import Page
from app.schemas.shopper_products import ShopperProduct


class RecipeQuery(Page):
    """`checklist`: recipes with something of the checklist; `cart`: with something of the trolley."""

    source: Literal["checklist", "cart"] = "checklist"


class RecipeMatch(Answer):
    """A recipe with something the shopper has: `product` is the first such one, `products_had` of `products_total`."""

    recipe_id: int
    recipe_name: str
    product_id: int
    product: ShopperProduct
    products_had: int
    products_total: int


class RecipeIngredient(ShopperProduct):
    """A product of a recipe, and how many pieces of it the recipe needs."""

    quantity: int


class RecipeDetail(Answer):
    """A recipe with all its products that are sold now."""

    recipe_id: int
    recipe_name: str
    description: str | None
    products: list[RecipeIngredient]
