"""A person who says aloud what they send and what they get."""

import json
import secrets
from itertools import count
from pathlib import Path
from typing import Any

import httpx

_LONGEST_LIST = 2
_LONGEST_TEXT = 60
_SECRETS = ("password", "token")


class JourneyEnded(Exception):
    """An answer that does not let the journey go on."""


class Person:
    """Calls the API in one person's name and prints each request with its answer; steps are numbered over all.

    `in_brief` prints one line for both, without bodies.
    """

    _steps = count(1)

    def __init__(self, base: str, *, in_brief: bool = False) -> None:
        self._http = httpx.Client(base_url=base, timeout=30)
        self._in_brief = in_brief

    def register(self) -> None:
        """Become a new customer, so that any server will do, and keep the access token for the calls to come."""
        form = {
            "email": f"shopper-{secrets.token_hex(4)}@example.com",
            "password": f"groceries-{secrets.randbelow(90) + 10}",
            "full_name": "Dana Levi",
        }
        answer = self.call("Register", "POST", "/api/v1/auth/register", body=form, expected=201)
        self._http.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def sign_in(self, email: str, password: str) -> None:
        """Sign in with a user the server knows."""
        form = {"email": email, "password": password}
        answer = self.call(f"Sign in as {email}", "POST", "/api/v1/auth/login", body=form)
        self._http.headers["Authorization"] = f"Bearer {answer['access_token']}"

    @property
    def access_token(self) -> str:
        """What shows who they are, for other clients of theirs."""
        return str(self._http.headers["Authorization"]).removeprefix("Bearer ")

    def call(
        self,
        what: str,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
        expected: int = 200,
    ) -> Any:
        """Send a request, print both sides, answer with `data`. Raises JourneyEnded on any other status."""
        request = self._http.build_request(method, path, params=query, json=body, headers=headers)
        if not self._in_brief:
            self._say(what, request, body, headers)
        response = self._http.send(request)
        if self._in_brief:
            print(f"{next(self._steps)}. {what}: {method} {path} {_status(response)}")
        if not self._in_brief or response.status_code != expected:
            self._show_answer(response)
        if response.status_code != expected:
            raise JourneyEnded(f"{method} {path} answered {response.status_code} instead of {expected}")
        return response.json()["data"]

    def download(self, what: str, path: str, file: Path) -> Path:
        """Save an answer as a file in the working folder."""
        request = self._http.build_request("GET", path)
        self._say(what, request, None, None)
        response = self._http.send(request)
        if response.status_code != 200 or not response.content.startswith(b"%PDF"):
            self._show_answer(response)
            raise JourneyEnded(f"GET {path} answered {response.status_code} and no PDF")
        file.write_bytes(response.content)
        print(f"{_status(response)}\n{len(response.content)} bytes of PDF, saved as {file}")
        return file

    def _say(self, what: str, request: httpx.Request, body: Any, headers: dict[str, str] | None) -> None:
        print(f"\n--- {next(self._steps)}. {what}\n{request.method} {request.url}")
        for name, value in (headers or {}).items():
            print(f"{name}: {value}")
        if body is not None:
            print(_pretty(body))

    def _show_answer(self, response: httpx.Response) -> None:
        print(_status(response))
        if response.headers.get("Idempotent-Replayed"):
            print(f"Idempotent-Replayed: {response.headers['Idempotent-Replayed']}")
        try:
            print(_pretty(response.json()))
        except ValueError:
            print(response.text[:500])


def _status(response: httpx.Response) -> str:
    return f"-> {response.status_code} {response.reason_phrase}"


def _pretty(value: Any) -> str:
    return json.dumps(shortened(value), indent=2, ensure_ascii=False)


def shortened(value: Any) -> Any:
    """The same JSON for reading: long lists cut with a note of how many are left, secrets and long texts cut."""
    if isinstance(value, dict):
        return {
            key: "..." if isinstance(inner, str) and key.endswith(_SECRETS) else shortened(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        rest = len(value) - _LONGEST_LIST
        head = [shortened(inner) for inner in value[:_LONGEST_LIST]]
        return [*head, f"... and {rest} more"] if rest > 0 else head
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return value[:_LONGEST_TEXT] + "..."
    return value
