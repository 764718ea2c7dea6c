"""Reaching a person by every channel they want a message on. No transaction is open here.

A channel that fails does not stop the others, and the next try of the event repeats only what failed.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import case, or_

from app.clients.email import Email, MessageNotSent
from app.clients.messages import email_client, has_whatsapp, sms_client, whatsapp_client
from app.config import settings
from app.domain.enums import Language, MessageChannel, MessageKind
from app.models import User
from app.models.base import AnyRow
from app.services.events.event import Event
from app.services.messages import preferences, rendering, sends, unsubscribing
from app.services.messages.kinds import kind_of
from app.services.messages.text import Text
from app.services.messages.tongue import tongue
from app.services.sandbox_inbox import keep

COLUMNS = (
    User.id.label("recipient_id"),
    User.email,
    case((or_(User.phone_verified_at.is_not(None), User.email.is_(None)), User.phone)).label("phone"),
    User.full_name,
    User.language,
)
"""What a statement must read of the person a message is for; a number nobody proved is not written to."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """How a person can be reached, by e-mail or phone or both, and their language (None: that of the shop).

    Without `user_id` it is an address or a number that no account stands behind.
    """

    email: str | None
    phone: str | None = None
    user_id: int | None = None
    name: str = ""
    language: Language | None = None


def recipient_of(row: AnyRow) -> Recipient:
    """The person of a row with COLUMNS."""
    return Recipient(row.email, row.phone, row.recipient_id, row.full_name, row.language)


def tell(recipient: Recipient, text: Text, event: Event) -> None:
    """Send the text of an event to a person who does not have it yet. Raises MessageNotSent naming what failed."""
    already = sends.sent(event.id)
    failed = []
    for channel, address in _ways(recipient, kind_of(event.topic)):
        if sends.is_in(already, channel, address):
            continue
        try:
            _SENDERS[channel](address, recipient, text, event)
        except MessageNotSent as error:
            failed.append(f"{channel}: {error}")
        else:
            sends.note(event.id, channel, address)
    if failed:
        raise MessageNotSent("; ".join(failed))


def _ways(recipient: Recipient, kind: MessageKind) -> list[tuple[MessageChannel, str]]:
    """Channels and addresses for a kind of message; news of an account go to the address, else to the phone."""
    email, phone = recipient.email, recipient.phone
    if kind is MessageKind.ACCOUNT or recipient.user_id is None:
        return [(MessageChannel.EMAIL, email)] if email else [(MessageChannel.SMS, phone)] if phone else []
    chosen = preferences.choices(user_id=recipient.user_id, kind=kind)
    known = {MessageChannel.EMAIL: email, MessageChannel.SMS: phone}
    if has_whatsapp(settings()):
        known[MessageChannel.WHATSAPP] = phone
    return [
        (channel, address)
        for channel, address in known.items()
        if address and chosen.get(channel, preferences.default(kind, channel, has_email=email is not None))
    ]


def _mail(address: str, recipient: Recipient, text: Text, event: Event) -> None:
    kind = kind_of(event.topic)
    stop = unsubscribing.address(user_id=recipient.user_id, kind=kind) if recipient.user_id is not None else ""
    letter = rendering.letter(text, tongue(recipient.language), stop=stop)
    mail = Email(
        address,
        text.subject,
        letter.text,
        event.reference,
        event.topic,
        text.params,
        html=letter.html,
        to_name=recipient.name,
        unsubscribe=stop,
    )
    email_client(settings(), keep).send(mail)


def _sms(address: str, recipient: Recipient, text: Text, event: Event) -> None:
    short = rendering.short(text, tongue(recipient.language))
    sms_client(settings(), keep).send(to=address, text=short, reference=f"{event.reference}-sms")


def _whatsapp(address: str, recipient: Recipient, text: Text, event: Event) -> None:
    short = rendering.short(text, tongue(recipient.language))
    whatsapp_client(settings(), keep).send(to=address, text=short, reference=f"{event.reference}-whatsapp")


_SENDERS: dict[MessageChannel, Callable[[str, Recipient, Text, Event], None]] = {
    MessageChannel.EMAIL: _mail,
    MessageChannel.SMS: _sms,
    MessageChannel.WHATSAPP: _whatsapp,
}
