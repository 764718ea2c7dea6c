"""A stranger's Stripe: the PyPI package localstripe as a process of its own."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from app.config import PROJECT

PYTHON = PROJECT / ".venv-localstripe" / "bin" / "python"
KEY = "sk_test_of_the_shop"

# The package keeps its memory in a fixed file under /tmp and listens on every address; neither suits a test.
_START = """
import socket, sys
from aiohttp import web
from localstripe import resources, server
resources.Store.dump_to_disk = lambda self: None
web.run_app(server.app, sock=socket.socket(fileno=int(sys.argv[1])), print=None)
"""


class LocalStripe:
    """The running server, and what a shopper's browser or the account's owner would do with it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=10)

    def card(self, number: str) -> str:
        """The `pm_...` a browser would get for a card."""
        card = {"card[number]": number, "card[exp_month]": "12", "card[exp_year]": "2035", "card[cvc]": "123"}
        return str(self.post("/v1/payment_methods", {"type": "card", **card})["id"])

    def intent(self, intent_id: str) -> dict[str, object]:
        return self._http.get(f"/v1/payment_intents/{intent_id}").raise_for_status().json()

    def intents(self) -> list[dict[str, object]]:
        return self._http.get("/v1/payment_intents", params={"limit": "1000"}).raise_for_status().json()["data"]

    def refunds(self, intent_id: str) -> list[dict[str, object]]:
        query = {"payment_intent": intent_id, "limit": "100"}
        return self._http.get("/v1/refunds", params=query).raise_for_status().json()["data"]

    def post(self, path: str, form: dict[str, str]) -> dict[str, object]:
        return self._http.post(path, data=form).raise_for_status().json()

    def send_webhooks_to(self, url: str, secret: str) -> None:
        self._http.post("/_config/webhooks/shop", data={"url": url, "secret": secret}).raise_for_status()

    def wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        for _ in range(200):
            assert process.poll() is None, "localstripe ended at its start"
            try:
                self._http.get("/v1/payment_intents").raise_for_status()
                return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError("localstripe did not answer within 20 s")

    def close(self) -> None:
        self._http.close()


@contextmanager
def running() -> Iterator[LocalStripe]:
    """Start localstripe on a free port of the loopback address; stopped at the end."""
    assert PYTHON.exists(), f"{PYTHON} is missing: run 'python3 run.py test' once, which makes .venv-localstripe"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [str(PYTHON), "-c", _START, str(listener.fileno())],
            pass_fds=[listener.fileno()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    server = LocalStripe(f"http://127.0.0.1:{port}")
    try:
        server.wait_until_ready(process)
        yield server
    finally:
        server.close()
        process.terminate()
        process.wait(10)
