"""Routes of one audience; `app.api` names their blueprints."""

from app.routes.admin import (
    analytics,
    audit,
    branches,
    catalog,
    coupons,
    dashboard,
    inventory,
    orders,
    payments,
    settings,
    stock_requests,
    users,
)

__all__ = [
    "analytics",
    "audit",
    "branches",
    "catalog",
    "coupons",
    "dashboard",
    "inventory",
    "orders",
    "payments",
    "settings",
    "stock_requests",
    "users",
]
