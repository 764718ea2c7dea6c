"""Routes of one audience; `app.api` names their blueprints."""

from app.routes.cart import (
    basket,
    checklists,
    checkout,
    diets,
    products,
    recipes,
    trolleys,
)

__all__ = [
    "basket",
    "checklists",
    "checkout",
    "diets",
    "products",
    "recipes",
    "trolleys",
]
