"""Routes of one audience; `app.api` names their blueprints."""

from app.routes.vendor import (
    items,
    orders,
    profile,
    shop,
    talk,
    wallet,
)

__all__ = [
    "items",
    "orders",
    "profile",
    "shop",
    "talk",
    "wallet",
]
