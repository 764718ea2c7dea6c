"""Reaching a person by mail or, without an address, by text message. No transaction is open here."""

from dataclasses import dataclass

from app.clients.email import Email
from app.clients.messages import email_client, sms_client
from app.config import settings
from app.services.events.event import Event
from app.services.events.texts import Text
from app.services.sandbox_inbox import keep


@dataclass(frozen=True, slots=True)
class Recipient:
    """How a person can be reached; at least one of the two."""

    email: str | None
    phone: str | None = None


def tell(recipient: Recipient, text: Text, event: Event) -> None:
    """Send the text of an event to a person. Raises MessageNotSent."""
    if recipient.email:
        mail = Email(recipient.email, text.subject, text.body, event.reference, event.topic, text.params)
        email_client(settings(), keep).send(mail)
    elif recipient.phone:
        short = f"{settings().shop_name}: {text.short}"
        sms_client(settings(), keep).send(to=recipient.phone, text=short, reference=event.reference)
