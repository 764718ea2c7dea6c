"""Events to act on after the commit: written with the change, relayed by a worker, handled at least once."""

from typing import Any

from sqlalchemy.orm import Session

from app.models import OutboxEvent
from app.working import note

LONGEST_AGGREGATE = 64
"""What is longer, as the name of a long e-mail address is, is cut off."""


def publish(session: Session, *, topic: str, aggregate: str, payload: dict[str, Any]) -> None:
    """Add an event to the open transaction. `aggregate` names what it is about, such as `order:17`."""
    event = OutboxEvent(topic=topic, aggregate=aggregate[:LONGEST_AGGREGATE], payload=payload)
    session.add(event)
    session.flush()
    noted(event.id, topic)


def noted(event_id: int, topic: str) -> None:
    """Let the trace at hand name an event it has published, by which its handling is found."""
    note("outbox.published", event_id=event_id, topic=topic)
