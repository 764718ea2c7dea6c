"""Somebody who talks to the shop, repeats what was not answered, and never believes what was not said."""

import random
import time
from typing import Any

import httpx

from scripts.chaos.record import Record, Wrong

API = "/api/v1"
_TIMEOUT = httpx.Timeout(30, connect=5)
_PATIENCE = 120.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
"""Seconds before a request is sent again: twice as long each time, as a good client waits."""
_AGAIN = {502, 503, 504}
_IN_PROGRESS = "IDEMPOTENCY_IN_PROGRESS"
_PASSWORD = "groceries-2026"


class Answer:
    """A status with its JSON; `is_repeat` when an earlier request may have been heard though its answer was not."""

    def __init__(self, response: httpx.Response, *, is_repeat: bool) -> None:
        self.status = response.status_code
        self.body: dict[str, Any] = response.json()
        self.is_repeat = is_repeat

    @property
    def data(self) -> Any:
        return self.body["data"]

    @property
    def code(self) -> str:
        """The code of a refusal."""
        return str(self.body.get("error", {}).get("code", ""))


class Person:
    """One client with a connection, a dice and a name of their own."""

    def __init__(self, base: str, record: Record, name: str) -> None:
        self.base, self.record, self.name = base, record, name
        self.chance = random.Random(name)
        self.http = httpx.Client(base_url=base, timeout=_TIMEOUT)
        self._count = 0

    def register(self) -> None:
        """Become a customer."""
        form = {"email": f"{self.name}@example.com", "password": _PASSWORD, "full_name": "Dana Levi"}
        self._enter(self.ask("POST", "/auth/register", json=form, expected={201}))

    def sign_in(self, email: str, password: str) -> None:
        """Be somebody the shop knows."""
        self._enter(self.ask("POST", "/auth/login", json={"email": email, "password": password}))

    def save_card(self) -> int:
        """A means of payment of one's own; answers its id."""
        form = {"provider_token": f"pm_{self.name.replace('-', '_')}"}
        saved = self.ask("POST", "/me/payment-tokens", json=form, expected={200, 201})
        return int(saved.data["payment_token_id"])

    def new_key(self) -> str:
        """A name for a request that must be done once."""
        self._count += 1
        return f"{self.name}-{self._count}"

    def ask(
        self, method: str, path: str, *, expected: set[int] | None = None, patience: float = _PATIENCE, **request: Any
    ) -> Answer:
        """Send until an answer decides. Raises Wrong for a status that is not expected (200), or without any answer."""
        give_up = time.monotonic() + patience
        pause, is_repeat = _FIRST_PAUSE, False
        while time.monotonic() < give_up:
            response = self._sent(method, path, request)
            if response is not None and not self._says_again(response):
                answer = Answer(response, is_repeat=is_repeat)
                if answer.status not in (expected or {200}):
                    raise Wrong(f"{method} {path} answered {answer.status}: {response.text[:300]}")
                return answer
            is_repeat = True
            time.sleep(self.chance.uniform(0.5, 1.0) * pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        raise Wrong(f"{method} {path} got no answer for {patience:.0f} s")

    def close(self) -> None:
        self.http.close()

    def _enter(self, answer: Answer) -> None:
        self.http.headers["Authorization"] = f"Bearer {answer.data['access_token']}"

    def _sent(self, method: str, path: str, request: dict[str, Any]) -> httpx.Response | None:
        try:
            return self.http.request(method, API + path, **request)
        except httpx.TransportError as error:
            self.record.unanswered[type(error).__name__] += 1
            return None

    def _says_again(self, response: httpx.Response) -> bool:
        again = response.status_code in _AGAIN or _IN_PROGRESS in response.text
        self.record.unanswered[str(response.status_code)] += again
        return again
