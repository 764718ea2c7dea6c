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
    payouts,
    settings,
    shop_orders,
    shops,
    stock_requests,
    users,
    vendors,
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
    "payouts",
    "settings",
    "shop_orders",
    "shops",
    "stock_requests",
    "users",
    "vendors",
]
