"""Endpoints of integrators, and a server of theirs on loopback that keeps what comes and answers as the test says."""

import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.domain.enums import DeliveryState
from app.models import WebhookDelivery, WebhookEndpoint
from app.services.secrets_at_rest import encrypt

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_AAAQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def allow_private(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an application send to loopback, as WEBHOOK_ALLOW_PRIVATE does."""
    changed = app.extensions["settings"].model_copy(update={"webhook_allow_private": True})
    monkeypatch.setitem(app.extensions, "settings", changed)


def make_webhook(session: Session, url: str, *topics: str, **columns: Any) -> WebhookEndpoint:
    """An active endpoint that listens to everything unless given, with SECRET; in an application context."""
    made = WebhookEndpoint(url=url, topics=list(topics) or ["*"], secret=encrypt(SECRET), **columns)
    session.add(made)
    session.commit()
    return made


def make_delivery(session: Session, endpoint: WebhookEndpoint, event_id: int = 1, **columns: Any) -> WebhookDelivery:
    """A message to an endpoint, due now."""
    values = {"topic": "order.confirmed", "state": DeliveryState.PENDING, **columns}
    payload = {"id": f"evt_{event_id}", "type": values["topic"], "data": {"order_id": 5}}
    made = WebhookDelivery(endpoint_id=endpoint.id, event_id=event_id, payload=payload, **values)
    session.add(made)
    session.commit()
    return made


@dataclass(frozen=True)
class Received:
    """One message as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def is_signed_with(self, secret: str) -> bool:
        """As the Standard Webhooks specification has it; written apart from the code under test."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = b".".join((self.id.encode(), self.headers["webhook-timestamp"].encode(), self.body))
        expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return expected in self.headers["webhook-signature"].split(" ")


Behaviour = Callable[["Handler"], None]


def answering(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    def act(handler: "Handler") -> None:
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return act


def hanging(handler: "Handler") -> None:
    """Says nothing until the test is over."""
    handler.receiver.over.wait(30)
    handler.close_connection = True


def hanging_up(handler: "Handler") -> None:
    """Closes the connection in the middle of the status line."""
    handler.wfile.write(b"HTTP/1.1 2")
    handler.close_connection = True


def dripping(handler: "Handler") -> None:
    """Sends a header's byte every tenth of a second, for as long as anybody listens."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.receiver.over.wait(0.1):
        handler.wfile.write(b".")
        handler.wfile.flush()


def endless(handler: "Handler") -> None:
    """A success whose body never ends; counts what was taken of it."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.receiver.over.is_set():
        handler.wfile.write(b"x" * 1024)
        handler.receiver.written += 1024


@dataclass
class Receiver:
    """The server: `answers` are used up in turn, then `usually` is what it does."""

    url: str
    port: int
    answers: list[Behaviour] = field(default_factory=list)
    usually: Behaviour = field(default_factory=lambda: answering(200))
    received: list[Received] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    written: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def receiver(self) -> Receiver:
        found: Receiver = self.server.receiver  # type: ignore[attr-defined]
        return found

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.receiver.lock:
            self.receiver.received.append(Received(self.path, headers, body))
            act = self.receiver.answers.pop(0) if self.receiver.answers else self.receiver.usually
            self.receiver.at_once += 1
            self.receiver.most_at_once = max(self.receiver.most_at_once, self.receiver.at_once)
        try:
            act(self)
        except OSError:  # the sender has gone
            self.close_connection = True
        finally:
            with self.receiver.lock:
                self.receiver.at_once -= 1

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (named by the standard library)
        """Keep the test output clean."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A sender that gives up, or believes no certificate, is what some tests are about."""


@contextmanager
def receiving(certificate: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A server on a free loopback port; with a `certificate` it speaks TLS."""
    server = _Server(("127.0.0.1", 0), Handler)
    if certificate is not None:
        server.socket = certificate.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "http" if certificate is None else "https"
    receiver = Receiver(f"{scheme}://127.0.0.1:{server.server_port}/hooks", server.server_port)
    server.receiver = receiver  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
