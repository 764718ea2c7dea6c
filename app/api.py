"""THE TABLE: every blueprint with its prefix, who may enter and its rate limit. Read this first."""

from flask import Flask
from limits import RateLimitItem, parse_many

from app.middleware.entry import EXEMPT, GUEST, PUBLIC, SIGNED_IN, Entry
from app.routes import auth, branches, catalog, health, me, store, webhooks
from app.routes.consumer import cart, checkout, orders

V1 = "/api/v1"

TABLE = (
    # blueprint, prefix, who may enter, rate limit (a setting), section of the documentation
    Entry(health.probes, "", PUBLIC, EXEMPT, "Service"),
    Entry(health.api, V1, PUBLIC, EXEMPT, "Service"),
    Entry(auth.public, f"{V1}/auth", PUBLIC, "rate_limit_defaults", "Accounts"),
    Entry(auth.account, f"{V1}/auth", SIGNED_IN, "rate_limit_defaults", "Accounts"),
    Entry(me.me, f"{V1}/me", SIGNED_IN, "rate_limit_defaults", "Profile"),
    Entry(catalog.catalog, f"{V1}/catalog", PUBLIC, "rate_limit_defaults", "Catalog"),
    Entry(catalog.reviews, f"{V1}/catalog", SIGNED_IN, "rate_limit_defaults", "Catalog"),
    Entry(branches.branches, V1, PUBLIC, "rate_limit_defaults", "Branches and slots"),
    Entry(cart.cart, f"{V1}/cart", GUEST, "rate_limit_defaults", "Cart"),
    Entry(checkout.checkout, f"{V1}/checkout", SIGNED_IN, "rate_limit_defaults", "Checkout"),
    Entry(orders.orders, f"{V1}/orders", SIGNED_IN, "rate_limit_defaults", "Orders"),
    Entry(store.public, f"{V1}/store", PUBLIC, "rate_limit_defaults", "Store"),
    Entry(store.mine, f"{V1}/store", SIGNED_IN, "rate_limit_defaults", "Store"),
    Entry(webhooks.payments, "/webhooks/payments", PUBLIC, "rate_limit_defaults", "Webhooks"),
)


def register_routes(app: Flask) -> None:
    """Register every line of the table; guards and limits are looked up by blueprint in `app.extensions`."""
    lines: dict[str, Entry] = {}
    limits: dict[str, list[RateLimitItem]] = {}
    for entry in TABLE:
        app.register_blueprint(entry.blueprint, url_prefix=entry.prefix or None)
        lines[entry.blueprint.name] = entry
        if entry.limit != EXEMPT:
            limits[entry.blueprint.name] = parse_many(getattr(app.extensions["settings"], entry.limit))
    app.extensions["table"] = lines
    app.extensions["limits"] = limits
