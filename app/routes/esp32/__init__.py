"""Routes of one audience; `app.api` names their blueprints."""

from app.routes.esp32 import (
    claims,
    events,
    firmware,
    first_scans,
    heartbeats,
    items,
    pairing,
)

__all__ = [
    "claims",
    "events",
    "firmware",
    "first_scans",
    "heartbeats",
    "items",
    "pairing",
]
