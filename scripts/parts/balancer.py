"""A load balancer before several web servers that hands each request to the next one in turn.

However a client keeps its connection, two requests of one person are never answered by the same server: whatever a
server kept to itself would be missed at once.
"""

import itertools
import threading
from collections import Counter
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import httpx

_OF_ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "x-forwarded-for"}


class Balancer:
    """It listens on a free port of this machine; `answered` counts the answers by server."""

    def __init__(self, servers: Sequence[str]) -> None:
        """Before servers at these addresses, such as http://127.0.0.1:5000."""
        self.answered: Counter[str] = Counter()
        self._turns = itertools.cycle(servers)
        self._clients = httpx.Client(timeout=60, limits=httpx.Limits(max_connections=None))
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="balancer", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._clients.close()

    def forward(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> httpx.Response:
        """The answer of the server whose turn it is; its body is read as it came, compressed or not."""
        with self._lock:
            server = next(self._turns)
            self.answered[server] += 1
        with self._clients.stream(method, server + target, headers=headers, content=body or None) as response:
            response.extensions["body"] = b"".join(response.iter_raw())
        return response

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        balancer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_one_request(self) -> None:
                """As the base class does, but for any method."""
                self.raw_requestline = self.rfile.readline(65537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = [pair for pair in self.headers.items() if pair[0].lower() not in _OF_ONE_HOP]
                headers.append(("X-Forwarded-For", self.client_address[0]))
                try:
                    answer = balancer.forward(self.command, self.path, headers, body)
                except httpx.TransportError as error:
                    self.send_error(502, str(error))
                    return
                self._pass_on(answer)

            def log_message(self, *_: object) -> None:
                """The web servers log."""

            def _pass_on(self, answer: httpx.Response) -> None:
                content: bytes = answer.extensions["body"]
                self.send_response_only(answer.status_code)
                for name, value in answer.headers.multi_items():
                    if name.lower() not in _OF_ONE_HOP:
                        self.send_header(name, value)
                if answer.status_code not in (204, 304):
                    self.send_header("Content-Length", answer.headers.get("Content-Length", str(len(content))))
                self.end_headers()
                self.wfile.write(content)

        return Handler
