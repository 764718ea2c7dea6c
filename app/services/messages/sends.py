"""What providers took over already, so that a second try of an event repeats no message.

Written after the provider's word: a crash in between sends a message twice rather than never.
"""

from collections.abc import Collection

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from app.domain.enums import MessageChannel
from app.models import MessageSend
from app.services.secrets_at_rest import keyed_hash, possible_hashes
from app.transaction import reading, transaction

_PURPOSE = "message"
_SENT = select(MessageSend.channel, MessageSend.recipient).where(MessageSend.outbox_id == bindparam("outbox_id"))
_NOTE = insert(MessageSend).on_conflict_do_nothing()

Sent = Collection[tuple[MessageChannel, str]]
"""Channel and keyed hash of an address."""


def sent(outbox_id: int) -> Sent:
    """What went out for an event."""
    with reading() as connection:
        rows = connection.execute(_SENT, {"outbox_id": outbox_id}).all()
    return {(row.channel, row.recipient) for row in rows}


def is_in(already: Sent, channel: MessageChannel, address: str) -> bool:
    """Whether this is among what went out, under whichever key it was noted."""
    return any((channel, mark) in already for mark in possible_hashes(f"{_PURPOSE}:{address}"))


def note(outbox_id: int, channel: MessageChannel, address: str) -> None:
    """Keep that a provider took the message for an address."""
    row = {"outbox_id": outbox_id, "channel": channel, "recipient": keyed_hash(_PURPOSE, address)}
    with transaction() as session:
        session.execute(_NOTE, row)
