"""Routes of one audience; `app.api` names their blueprints."""

from app.routes.consumer import (
    agent,
    assistance,
    cart,
    checkout,
    orders,
    profile,
    shop_cart,
    shop_orders,
    shop_talk,
    shops,
    substitutions,
    wallet,
)

__all__ = [
    "agent",
    "assistance",
    "cart",
    "checkout",
    "orders",
    "profile",
    "shop_cart",
    "shop_orders",
    "shop_talk",
    "shops",
    "substitutions",
    "wallet",
]
