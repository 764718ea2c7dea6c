"""Routes of one audience; `app.api` names their blueprints."""

from app.routes.consumer import assistance, cart, checkout, orders, substitutions

__all__ = ["assistance", "cart", "checkout", "orders", "substitutions"]
