"""The wire to a Stripe-compatible API: form bodies, JSON answers, deadlines, one careful retry. Never raises."""

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from app.clients.seats import Seats
from app.config import Settings

log = logging.getLogger("aisle.payments")

API_VERSION = "2024-06-20"
_CONNECTIONS = httpx.Limits(max_connections=32, max_keepalive_connections=8, keepalive_expiry=30)
_UNDECIDED = {401, 403, 408, 409, 425, 429}
_KEY_MISUSED = "idempotency_error"
_FOR_OTHERS = 2
"""Threads of a web process that are never all left waiting for the provider."""
# The request never left, or the connection was closed under it; the same key makes a second try harmless.
_RETRIED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.RemoteProtocolError)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in JSON, whatever its status."""

    status: int
    body: dict[str, Any]

    @property
    def ok(self) -> bool:
        return self.status == 200

    @property
    def refused(self) -> bool:
        """The provider looked at the request and said no. Trouble (5xx, 429, keys) and redirects are no such answer."""
        return 400 <= self.status < 500 and self.status not in _UNDECIDED and self.error.get("type") != _KEY_MISUSED

    @property
    def error(self) -> dict[str, Any]:
        error = self.body.get("error")
        return error if isinstance(error, dict) else {}

    @property
    def code(self) -> str:
        """A word for why, at most 64 characters."""
        return str(self.error.get("code") or self.error.get("type") or f"http_{self.status}")[:64]


class StripeHttp:
    """One pool of connections, safe for threads; opened at the first call, so in the worker and never before a fork."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seats = Seats(settings.web_threads - _FOR_OTHERS)
        self._opening = threading.Lock()
        self._opened: httpx.Client | None = None

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Reply | None:
        """The answer, or None when none came that can be read."""
        return self._send("GET", path, params=query)

    def post(self, path: str, form: Mapping[str, str], *, key: str) -> Reply | None:
        """The same; `key` goes along as Idempotency-Key, unchanged on a retry."""
        return self._send("POST", path, data=form, headers={"Idempotency-Key": key})

    def close(self) -> None:
        """Let go of the kept connections; the next call opens new ones."""
        with self._opening:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _client(self) -> httpx.Client:
        with self._opening:
            if self._opened is None:
                self._opened = _open(self._settings)
            return self._opened

    def _send(self, method: str, path: str, **parts: Any) -> Reply | None:
        with self._seats.taken() as seated:
            if seated:
                return self._try(method, path, parts)
        _note(method, path, "too many calls wait for it")
        return None

    def _try(self, method: str, path: str, parts: dict[str, Any]) -> Reply | None:
        for last in (False, True):
            try:
                return _read(self._client().request(method, path, **parts), method, path)
            except _RETRIED as error:
                if last:
                    _note(method, path, type(error).__name__)
            except httpx.HTTPError as error:
                _note(method, path, type(error).__name__)
                return None
        return None


def _open(settings: Settings) -> httpx.Client:
    wait = settings.payment_read_timeout
    return httpx.Client(
        base_url=settings.stripe_api_base,
        headers={"Authorization": f"Bearer {settings.stripe_secret_key}", "Stripe-Version": API_VERSION},
        timeout=httpx.Timeout(wait, connect=settings.payment_connect_timeout, pool=settings.payment_connect_timeout),
        limits=_CONNECTIONS,
        follow_redirects=False,
    )


def _read(response: httpx.Response, method: str, path: str) -> Reply | None:
    """A page that is no JSON comes from something between us and the provider: no answer."""
    try:
        body = json.loads(response.content, parse_float=Decimal)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        _note(method, path, f"unreadable answer {response.status_code}")
        return None
    reply = Reply(response.status_code, body)
    if reply.status in (401, 403) or reply.error.get("type") == _KEY_MISUSED:
        # Our mistake: it must alert a person, and must never cancel a shopper's order.
        log.error("payment provider rejects our configuration", extra={"status": reply.status, "code": reply.code})
    elif not reply.ok and not reply.refused:
        _note(method, path, f"status {reply.status}")
    return reply


def _note(method: str, path: str, reason: str) -> None:
    """Only the kind of resource is logged: the rest of a path may name a card or a payment."""
    log.warning(
        "payment provider gave no usable answer", extra={"call": f"{method} {path.split('/')[2]}", "reason": reason}
    )
