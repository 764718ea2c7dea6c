"""Routes of one audience; `app.api` names their blueprints."""

from app.routes.cart import (
    basket,
    checklists,
    checkout,
    diets,
    products,
    profiles,
    recipes,
    trolleys,
)

__all__ = [
    "basket",
    "checklists",
    "checkout",
    "diets",
    "products",
    "profiles",
    "recipes",
    "trolleys",
]
