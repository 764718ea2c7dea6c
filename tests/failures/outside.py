"""Who is called over HTTP, with books of their own: a payment provider that speaks as Stripe, mail, text messages."""

import itertools
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

_REFERENCE = re.compile(r"metadata\['reference'\]:'([^']+)'")
_BROKEN = 500, {"error": {"type": "api_error", "message": "We are having trouble."}}


@dataclass
class Outside:
    """What each of them has been told. While `is_broken` they answer 500 to everything."""

    port: int = 0
    is_broken: bool = False
    asked: int = 0
    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Holds by idempotency key: the same key never makes two."""
    mails: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often a mail was taken, by address and by the reference its tries share."""
    texts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often a text message was taken, by number and words."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def holds(self, reference: str) -> int:
        """How many holds the provider has under a reference of the shop's."""
        return sum(intent["metadata"]["reference"] == reference for intent in self.intents.values())

    def mails_to(self, address: str) -> Counter[str]:
        """How often each mail to an address was taken."""
        return Counter({reference: times for (to, reference), times in self.mails.items() if to == address})

    def answer(self, method: str, path: str, key: str, body: bytes) -> tuple[int, Any]:
        """Status and JSON for a request."""
        with self.lock:
            self.asked += 1
            if self.is_broken:
                return _BROKEN
            if path == "/v3/smtp/email":
                return self._mail(json.loads(body))
            form = dict(parse_qsl(body.decode()))
            if path.endswith("/Messages.json"):
                return self._text(form)
            return self._post(path, key, form) if method == "POST" else self._get(path)

    def _mail(self, mail: dict[str, Any]) -> tuple[int, Any]:
        for each in mail["to"]:
            self.mails[each["email"], mail["headers"]["idempotencyKey"]] += 1
        return 201, {"messageId": "1"}

    def _text(self, form: dict[str, str]) -> tuple[int, Any]:
        self.texts[form["To"], form["Body"]] += 1
        return 201, {"sid": "SM1"}

    def _post(self, path: str, key: str, form: dict[str, str]) -> tuple[int, Any]:
        if path == "/v1/payment_intents":
            return 200, self.intents.setdefault(key, self._held(form))
        return 200, {"id": f"cus_{next(self._numbers)}"}

    def _held(self, form: dict[str, str]) -> dict[str, Any]:
        return {
            "id": f"pi_{next(self._numbers)}",
            "status": "requires_capture",
            "amount": int(form["amount"]),
            "amount_capturable": int(form["amount"]),
            "currency": form["currency"],
            "metadata": {"reference": form["metadata[reference]"]},
        }

    def _get(self, address: str) -> tuple[int, Any]:
        path, name = urlsplit(address).path, urlsplit(address).path.rpartition("/")[2]
        if path.startswith("/v1/payment_methods/"):
            return 200, {"id": name, "card": {"last4": "4242"}}
        intents = list(self.intents.values())
        if name == "search":
            wanted = _REFERENCE.search(parse_qs(urlsplit(address).query)["query"][0])
            intents = [one for one in intents if wanted and one["metadata"]["reference"] == wanted[1]]
        if name in ("search", "payment_intents"):
            return 200, {"data": intents, "has_more": False}
        found = [intent for intent in intents if intent["id"] == name]
        return (200, found[0]) if found else (404, {"error": {"type": "invalid_request_error"}})


@contextmanager
def outside() -> Iterator[Outside]:
    """All of them on one free port for the length of a block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    books = server.books = Outside(server.server_port)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield books
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        books: Outside = self.server.books  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        status, data = books.answer(self.command, self.path, self.headers.get("Idempotency-Key", ""), body)
        raw = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (named by the standard library)
        """Keep the test output clean."""
