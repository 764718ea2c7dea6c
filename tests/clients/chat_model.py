"""A server that speaks chat completions over a real socket; the test says what its model thinks."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Mind = Callable[[list[dict[str, Any]]], dict[str, Any]]
"""From the conversation so far to the model's message."""


@dataclass
class FakeModel:
    """`mind` answers; `raw` is sent instead, piece by piece with `pause` seconds in between, where given.

    `promised` is a length the reply says it has.
    """

    url: str
    mind: Mind = field(default=lambda _: says("Hello."))
    status: int = 200
    raw: list[bytes] | None = None
    pause: float = 0.0
    promised: int | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def heard(self) -> str:
        """Everything the model was ever sent."""
        return json.dumps(self.requests, ensure_ascii=False)


def says(text: str) -> dict[str, Any]:
    """A message that ends the model's turn."""
    return {"role": "assistant", "content": text}


def wants(*calls: tuple[str, Any]) -> dict[str, Any]:
    """A message that asks for tools; arguments that are no text are sent as JSON."""
    made = [
        {"name": name, "arguments": given if isinstance(given, str) else json.dumps(given)} for name, given in calls
    ]
    tool_calls = [{"id": f"call_{n}", "type": "function", "function": one} for n, one in enumerate(made)]
    return {"role": "assistant", "content": None, "tool_calls": tool_calls}


def told(conversation: list[dict[str, Any]]) -> list[str]:
    """What the tools answered so far."""
    return [message["content"] for message in conversation if message["role"] == "tool"]


@contextmanager
def fake_model() -> Iterator[FakeModel]:
    """A model on a free loopback port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    model = server.model = FakeModel(f"http://127.0.0.1:{server.server_port}/v1")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield model
    finally:
        model.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        model: FakeModel = self.server.model  # type: ignore[attr-defined]
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model.requests.append(request)
        model.keys.append(self.headers["Authorization"])
        if self.path != "/v1/chat/completions":
            self.send_error(404)
            return
        pieces = model.raw
        if pieces is None:
            choice = {"index": 0, "message": model.mind(request["messages"]), "finish_reason": "stop"}
            pieces = [json.dumps({"id": "1", "object": "chat.completion", "choices": [choice]}).encode()]
        self._send(model, pieces)

    def _send(self, model: FakeModel, pieces: list[bytes]) -> None:
        try:
            self.send_response(model.status)
            self.send_header("Content-Type", "application/json")
            if model.promised is not None:
                self.send_header("Content-Length", str(model.promised))
            self.end_headers()
            for piece in pieces:
                self.wfile.write(piece)
                self.wfile.flush()
                model.over.wait(model.pause)
        except OSError:
            pass  # the client had enough

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (named by the standard library)
        """Keep the test output clean."""
