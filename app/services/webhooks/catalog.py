"""The events of webhooks for whoever writes a receiver."""

from functools import cache

from app.domain.webhooks import API_VERSION, PATTERNS
from app.schemas.webhook_events import DATA, WebhookMessage
from app.schemas.webhooks import DESCRIBED, WebhookCatalog, WebhookEventType


@cache
def show() -> WebhookCatalog:
    """Every event with the schema of its data; the same as long as the program runs."""
    return WebhookCatalog(
        api_version=API_VERSION,
        message_schema=WebhookMessage.model_json_schema(mode="serialization"),
        patterns=list(PATTERNS),
        events=[
            WebhookEventType(
                type=topic, description=description, data_schema=DATA[topic].model_json_schema(mode="serialization")
            )
            for topic, description in DESCRIBED.items()
        ],
    )
