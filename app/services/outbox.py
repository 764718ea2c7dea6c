"""Events to act on after the commit: written with the change, relayed by a worker, handled at least once."""

from typing import Any

from sqlalchemy.orm import Session

from app.models import OutboxEvent


def publish(session: Session, *, topic: str, aggregate: str, payload: dict[str, Any]) -> None:
    """Add an event to the open transaction. `aggregate` names what it is about, such as `order:17`."""
    session.add(OutboxEvent(topic=topic, aggregate=aggregate, payload=payload))
    session.flush()
