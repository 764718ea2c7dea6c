"""Sending one text message. The only provider so far is the sandbox, which keeps it."""

from typing import Protocol

from app.clients.email import Keep, KeptMessage

_SUBJECT = "Text message"


class SmsClient(Protocol):
    """A provider of text messages."""

    def send(self, *, to: str, text: str, reference: str) -> None:
        """Hand the message over; `reference` is the same on every try. Raises MessageNotSent."""


class SandboxSms:
    """Sends nothing: hands each message to `keep`."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep

    def send(self, *, to: str, text: str, reference: str) -> None:
        """Keep the message."""
        self._keep(KeptMessage(to, _SUBJECT, text, reference))
