"""Leaving a notification in the shop."""

from sqlalchemy.dialects.postgresql import insert

from app.models import Notification
from app.services.events.event import Event
from app.services.events.texts import Text
from app.transaction import transaction

_INSERT = insert(Notification).on_conflict_do_nothing(index_elements=["outbox_id"])


def note(event: Event, text: Text, *, user_id: int, order_id: int | None) -> None:
    """Insert the notification of an event; the UNIQUE outbox_id makes a second try harmless."""
    row = {"user_id": user_id, "outbox_id": event.id, "kind": event.topic, "order_id": order_id}
    with transaction() as session:
        session.execute(_INSERT, row | {"title": text.subject, "body": text.body})
