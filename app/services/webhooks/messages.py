"""The body of a message, as it is kept and as it is sent."""

from datetime import datetime
from typing import Any

import orjson

from app.domain.webhooks import API_VERSION
from app.schemas.envelope import Answer
from app.schemas.webhook_events import WebhookMessage


def event_name(event_id: int) -> str:
    """How integrators know an event: the same at every endpoint, on every try and in every replay."""
    return f"evt_{event_id}"


def message_of(event_id: int, topic: str, created_at: datetime, data: Answer) -> dict[str, Any]:
    """The message about an event, as plain JSON values."""
    message = WebhookMessage(
        id=event_name(event_id),
        type=topic,
        created_at=created_at,
        api_version=API_VERSION,
        data=data.model_dump(mode="json"),
    )
    return message.model_dump(mode="json")


def body_of(payload: dict[str, Any]) -> bytes:
    """The bytes that are signed and sent, the same on every try though the database keeps no order of keys."""
    return orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
