"""Routes of one audience; `app.api` names their blueprints."""

from app.routes.employee import (
    alerts,
    batches,
    deliveries,
    orders,
    performance,
    picking,
    stock,
    stock_requests,
    trolleys,
)

__all__ = [
    "alerts",
    "batches",
    "deliveries",
    "orders",
    "performance",
    "picking",
    "stock",
    "stock_requests",
    "trolleys",
]
