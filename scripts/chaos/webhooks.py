"""The provider's news to the shop: signed, late, twice and in any order. Standard library only."""

import hashlib
import heapq
import hmac
import http.client
import json
import threading
import time
import urllib.parse
from itertools import count
from typing import Any

from scripts.chaos.mischief import Dice

_TRIES, _PAUSE = 8, 3.0


class Webhooks:
    """Events on their way; what is not taken with a 200 is sent again after a pause."""

    def __init__(self, url: str, secret: str, dice: Dice) -> None:
        self._url, self._secret, self._dice = urllib.parse.urlsplit(url), secret, dice
        self._numbers = count(1)
        self._due: list[tuple[float, int, int, bytes]] = []
        self._changed = threading.Condition()
        for _ in range(2):
            threading.Thread(target=self._send_all, daemon=True).start()

    def tell(self, kind: str, thing: dict[str, Any]) -> None:
        """Send an event about an object as it is now, once, twice or never."""
        number = next(self._numbers)
        event = {"id": f"evt_{number}", "type": kind, "data": {"object": thing}}
        body = json.dumps(event).encode()
        for pause in self._dice.of_event():
            self._put(time.monotonic() + pause, 1, body)

    def _put(self, due: float, tries: int, body: bytes) -> None:
        with self._changed:
            heapq.heappush(self._due, (due, next(self._numbers), tries, body))
            self._changed.notify()

    def _send_all(self) -> None:
        while True:
            tries, body = self._next()
            if not self._is_taken(body) and tries < _TRIES:
                self._put(time.monotonic() + _PAUSE, tries + 1, body)

    def _next(self) -> tuple[int, bytes]:
        with self._changed:
            while not self._due or self._due[0][0] > time.monotonic():
                self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
            _, _, tries, body = heapq.heappop(self._due)
            return tries, body

    def _is_taken(self, body: bytes) -> bool:
        at = str(int(time.time()))
        proof = hmac.new(self._secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "Stripe-Signature": f"t={at},v1={proof}"}
        connection = http.client.HTTPConnection(str(self._url.hostname), self._url.port, timeout=5)
        try:
            connection.request("POST", self._url.path, body, headers)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
