"""Sending one text message: a sandbox that keeps it, and Twilio (or who speaks as Twilio does) over HTTPS."""

from typing import Protocol

import httpx

from app.clients.email import Keep, KeptMessage, MessageNotSent

_TIMEOUT = httpx.Timeout(8.0, connect=2.0)
_SERVICE = "MG"
WHATSAPP = "whatsapp:"


class SmsClient(Protocol):
    """A provider of text messages."""

    def send(self, *, to: str, text: str, reference: str) -> None:
        """Hand the message over; `reference` is the same on every try. Raises MessageNotSent."""


class SandboxSms:
    """Sends nothing: hands each message to `keep`."""

    def __init__(self, keep: Keep, subject: str = "Text message") -> None:
        self._keep = keep
        self._subject = subject

    def send(self, *, to: str, text: str, reference: str) -> None:
        """Keep the message."""
        self._keep(KeptMessage(to, self._subject, text, reference))


class TwilioSms:
    """Twilio's messages (POST /2010-04-01/Accounts/{sid}/Messages.json, twilio.com/docs/messaging/api).

    `sender` is a number in E.164, a messaging service (MG...) or, for WhatsApp, `whatsapp:` and a number. Twilio knows
    no key that would make a second try of the same message harmless: after a lost answer it may arrive twice.
    """

    def __init__(self, *, base: str, account: str, token: str, sender: str, timeout: httpx.Timeout = _TIMEOUT) -> None:
        self._url = f"{base.rstrip('/')}/2010-04-01/Accounts/{account}/Messages.json"
        self._auth = httpx.BasicAuth(account, token)
        self._sender = sender
        self._timeout = timeout

    def send(self, *, to: str, text: str, reference: str) -> None:
        """Hand the message to Twilio. Raises MessageNotSent on any other answer than success, and on silence."""
        try:
            response = httpx.post(self._url, data=self._form(to, text), auth=self._auth, timeout=self._timeout)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise MessageNotSent(f"the provider of text messages gave no answer ({type(error).__name__})") from None
        if not response.is_success:
            raise MessageNotSent(f"the provider of text messages answered {response.status_code}")

    def _form(self, to: str, text: str) -> dict[str, str]:
        if self._sender.startswith(_SERVICE):
            return {"MessagingServiceSid": self._sender, "To": to, "Body": text}
        channel = WHATSAPP if self._sender.startswith(WHATSAPP) else ""
        return {"From": self._sender, "To": channel + to, "Body": text}
