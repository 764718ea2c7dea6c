"""The sandbox's kept messages: mail and text messages that were not sent (development and testing only)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.clients.email import KeptMessage
from app.config import settings
from app.domain.phone import NotAPhoneNumber, e164
from app.models import SandboxMessage
from app.transaction import reading, transaction

SHOWN = 50
_FILLING = str.maketrans("", "", " -.()")


@dataclass(frozen=True, slots=True)
class InboxLine:
    """A kept message; `created_at` is when it was kept."""

    subject: str
    body: str
    created_at: datetime


def keep(message: KeptMessage) -> None:
    """Keep a message instead of sending it; a second try of the same message changes nothing."""
    row = {
        "recipient": _key(message.recipient),
        "subject": message.subject[:200],
        "body": message.body,
        "reference": message.reference,
    }
    with transaction() as session:
        session.execute(insert(SandboxMessage).values(row).on_conflict_do_nothing())


def inbox(recipient: str) -> Sequence[InboxLine]:
    """The last 50 messages to an address or phone number, newest last. How a number is spelled does not matter."""
    newest = (
        select(SandboxMessage.subject, SandboxMessage.body, SandboxMessage.created_at)
        .where(SandboxMessage.recipient == _key(recipient))
        .order_by(SandboxMessage.id.desc())
        .limit(SHOWN)
    )
    with reading() as connection:
        rows = connection.execute(newest).all()
    return [InboxLine(row.subject, row.body, row.created_at) for row in reversed(rows)]


def _key(recipient: str) -> str:
    """The one spelling of an address (lower case) or a phone number (E.164; its bare digits if it is none)."""
    recipient = recipient.strip().lower()
    if "@" in recipient:
        return recipient
    try:
        return e164(recipient, country=settings().phone_country)
    except NotAPhoneNumber:
        return recipient.translate(_FILLING)
