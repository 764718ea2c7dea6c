"""Sending one e-mail: a sandbox that keeps it, and Brevo over HTTPS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

_TIMEOUT = httpx.Timeout(8.0, connect=2.0)


class MessageNotSent(Exception):
    """The provider did not take a message; it may be tried again. The text holds no secret and no address."""


@dataclass(frozen=True, slots=True)
class Email:
    """One message. `reference` is the same on every try, so that a second try can be recognised.

    `kind` and `params` choose and fill a template kept at the provider, where it has one for that kind. `unsubscribe`
    is an address that ends such mails by a POST; empty where there is no way to.
    """

    to: str
    subject: str
    text: str
    reference: str
    kind: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    html: str = ""
    to_name: str = ""
    unsubscribe: str = ""

    def headers(self) -> dict[str, str]:
        """Headers that let a mail program end such mails with one click (RFC 8058)."""
        if not self.unsubscribe:
            return {}
        return {"List-Unsubscribe": f"<{self.unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


class EmailClient(Protocol):
    """An e-mail provider."""

    def send(self, email: Email) -> None:
        """Hand the message over. Raises MessageNotSent."""


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """What the sandbox keeps of a message."""

    recipient: str
    subject: str
    body: str
    reference: str


Keep = Callable[[KeptMessage], None]


class SandboxEmail:
    """Sends nothing: hands each message to `keep`."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep

    def send(self, email: Email) -> None:
        """Keep the message."""
        self._keep(KeptMessage(email.to, email.subject, email.text, email.reference))


class BrevoEmail:
    """Brevo's transactional e-mail (POST /v3/smtp/email, developers.brevo.com/reference/sendtransacemail)."""

    def __init__(
        self,
        *,
        base: str,
        key: str,
        sender: str,
        sender_name: str,
        templates: Mapping[str, int],
        timeout: httpx.Timeout = _TIMEOUT,
    ) -> None:
        self._url = base.rstrip("/") + "/v3/smtp/email"
        self._key = key
        self._sender = {"email": sender, "name": sender_name}
        self._templates = templates
        self._timeout = timeout

    def send(self, email: Email) -> None:
        """Hand the message to Brevo. Raises MessageNotSent on any other answer than success, and on silence."""
        headers = {"api-key": self._key, "accept": "application/json"}
        try:
            response = httpx.post(self._url, json=self._body(email), headers=headers, timeout=self._timeout)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise MessageNotSent(f"the mail provider gave no answer ({type(error).__name__})") from None
        if not response.is_success:
            raise MessageNotSent(f"the mail provider answered {response.status_code}")

    def _body(self, email: Email) -> dict[str, Any]:
        body: dict[str, Any] = {
            "sender": self._sender,
            "to": [{"email": email.to, "name": email.to_name} if email.to_name else {"email": email.to}],
            "headers": {"idempotencyKey": email.reference, **email.headers()},
        }
        template = self._templates.get(email.kind)
        if template is not None:
            return body | {"templateId": template, "params": dict(email.params)}
        body |= {"subject": email.subject, "textContent": email.text}
        return body | {"htmlContent": email.html} if email.html else body
