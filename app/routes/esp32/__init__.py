"""Routes of one audience; `app.api` names their blueprints."""

from app.routes.esp32 import (
    claims,
    events,
    firmware,
    heartbeats,
    items,
    pairing,
)

__all__ = [
    "claims",
    "events",
    "firmware",
    "heartbeats",
    "items",
    "pairing",
]
