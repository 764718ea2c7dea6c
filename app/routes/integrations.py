"""What integrators may be told of."""

from flask import Blueprint, Response

from app.middleware.answers import answer
from app.openapi import endpoint
from app.schemas.webhooks import WebhookCatalog
from app.services.webhooks import catalog

events = Blueprint("webhook_events", __name__)


@events.get("/events")
@endpoint(answers={200: WebhookCatalog})
def list_webhook_events() -> Response:
    """List the events of webhooks, with the JSON Schema of each. How to receive them: docs/webhooks.md."""
    return answer(catalog.show())
