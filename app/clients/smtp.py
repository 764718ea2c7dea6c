"""Sending one e-mail to a mail server over SMTP (RFC 5321), its line secured by STARTTLS or TLS."""

import contextlib
import hashlib
import smtplib
import ssl
import time
from collections.abc import Callable
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import localtime
from typing import Any, Literal

from app.clients.email import Email, MessageNotSent

SECONDS = 10.0
"""For all steps of one mail together: the lease of the outbox counts on it."""


class _Policy(EmailPolicy):
    """How a mail is written on the line.

    The address that ends mails is left whole: folding encodes what is too long for a line, and mail programs read no
    encoded address (RFC 8058).
    """

    def fold_binary(self, name: str, value: str) -> bytes:
        """One header as it is sent."""
        if name == "List-Unsubscribe":
            return f"{name}: {value}\r\n".encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n", cte_type="7bit")
"""Seven bits, as not every server on the way takes eight."""


class _Limited:
    """Bounds a whole conversation; the standard library bounds each step of it alone."""

    sock: Any
    close: Callable[[], None]

    def __init__(self, *where: Any, timeout: float, **options: Any) -> None:
        self._ends = time.monotonic() + timeout
        try:
            super().__init__(*where, timeout=timeout, **options)  # type: ignore[call-arg]
        except BaseException:
            self.close()
            raise

    def getreply(self) -> tuple[int, bytes]:
        """The server's next answer. Raises TimeoutError when the time for all of them is over."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if self.sock is not None:
            self.sock.settimeout(left)
        reply: tuple[int, bytes] = super().getreply()  # type: ignore[misc]
        return reply


class _Plain(_Limited, smtplib.SMTP):
    """A line that is not secured from the start."""


class _Secured(_Limited, smtplib.SMTP_SSL):
    """A line that is."""


class SmtpEmail:
    """A mail server. `sender` is the address mails come from; without `username` nobody signs in."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        security: Literal["starttls", "tls", "none"],
        username: str,
        password: str,
        sender: str,
        sender_name: str,
        seconds: float = SECONDS,
        certificates: ssl.SSLContext | None = None,
    ) -> None:
        self._host, self._port, self._security = host, port, security
        self._username, self._password = username, password
        self._sender, self._sender_name = sender, sender_name
        self._seconds = seconds
        self._certificates = certificates

    def send(self, email: Email) -> None:
        """Hand the mail to the server. Raises MessageNotSent when it refuses, is silent or cannot be trusted."""
        try:
            message = self._composed(email)
            server = self._connected()
            try:
                server.send_message(message, from_addr=self._sender, to_addrs=[email.to])
            except BaseException:
                server.close()
                raise
        except smtplib.SMTPRecipientsRefused as error:
            [code] = {code for code, _ in error.recipients.values()}
            raise MessageNotSent(f"the mail server refused the address ({code})") from None
        except smtplib.SMTPResponseException as error:
            raise MessageNotSent(f"the mail server answered {error.smtp_code}") from None
        except (smtplib.SMTPException, OSError, ValueError, MessageError) as error:
            raise MessageNotSent(f"the mail server took no message ({type(error).__name__})") from None
        _leave(server)

    def _connected(self) -> smtplib.SMTP:
        """A line to the server, secured and signed in as the settings say."""
        server = self._line()
        try:
            if self._security == "starttls":
                server.starttls(context=self._trusted())
            if self._username:
                server.login(self._username, self._password)
        except BaseException:
            server.close()
            raise
        return server

    def _line(self) -> smtplib.SMTP:
        where = (self._host, self._port, self._domain)
        if self._security == "tls":
            return _Secured(*where, timeout=self._seconds, context=self._trusted())
        return _Plain(*where, timeout=self._seconds)

    @property
    def _domain(self) -> str:
        """By which the server is greeted, and mails are named."""
        return self._sender.rpartition("@")[2]

    def _trusted(self) -> ssl.SSLContext:
        return self._certificates or ssl.create_default_context()

    def _composed(self, email: Email) -> EmailMessage:
        """Text and HTML as alternatives. The Message-ID is the same on every try, so that a second one is known."""
        message = EmailMessage(_POLICY)
        message["From"] = _address(self._sender, self._sender_name)
        message["To"] = _address(email.to, email.to_name)
        message["Subject"] = " ".join(email.subject.split())
        message["Date"] = localtime()
        message["Message-ID"] = self._message_id(email)
        message["Auto-Submitted"] = "auto-generated"
        for name, value in email.headers().items():
            message[name] = value
        message.set_content(email.text)
        if email.html:
            message.add_alternative(email.html, subtype="html")
        return message

    def _message_id(self, email: Email) -> str:
        """Named after the event, and after what it says: a restored database gives out its numbers again."""
        said = hashlib.sha256(f"{email.to}\n{email.subject}".encode()).hexdigest()[:12]
        return f"<{email.reference}.{said}@{self._domain}>"


def _address(address: str, name: str) -> Address:
    return Address(display_name=" ".join(name.split()), addr_spec=address)


def _leave(server: smtplib.SMTP) -> None:
    """The mail is taken: whatever goes wrong from here on is no failure."""
    with contextlib.suppress(smtplib.SMTPException, OSError):
        server.quit()
    server.close()
