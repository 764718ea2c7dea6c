"""Leaving a notification in the shop."""

from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from app.domain.enums import MessageChannel
from app.models import MessagePreference, Notification
from app.services.events.event import Event
from app.services.messages.kinds import kind_of
from app.services.messages.text import Text
from app.transaction import transaction

_NAMES = ("user_id", "outbox_id", "kind", "order_id", "title", "body")
_DECLINED = select(MessagePreference.user_id).where(
    MessagePreference.user_id == bindparam("user_id"),
    MessagePreference.kind == bindparam("message_kind", type_=MessagePreference.kind.type),
    MessagePreference.channel == MessageChannel.IN_APP,
    MessagePreference.is_enabled.is_(False),
)
_ROW: Select[*tuple[Any, ...]] = select(
    *(bindparam(name, type_=Notification.__table__.c[name].type) for name in _NAMES)
).where(~_DECLINED.exists())
_INSERT = (
    insert(Notification)
    .from_select(_NAMES, _ROW)
    .on_conflict_do_nothing(index_elements=["outbox_id"])
    .execution_options(dml_strategy="raw")
)


def note(event: Event, text: Text, *, user_id: int, order_id: int | None) -> None:
    """Insert the notification of an event, unless the user wants none of its kind.

    The UNIQUE outbox_id makes a second try harmless.
    """
    row = {"user_id": user_id, "outbox_id": event.id, "kind": event.topic, "order_id": order_id}
    with transaction() as session:
        session.execute(_INSERT, row | {"title": text.subject, "body": text.body, "message_kind": kind_of(event.topic)})
