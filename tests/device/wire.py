"""A device by hand: bytes on one kept connection, every answer held against the limits of B.1."""

import contextlib
import json
import socket
import time
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import urlsplit

from app.domain.devices.signing import Request, SignedHeader, shown_header, signature

ZERO = "0" * 64
MOST_BYTES = 1024
MOST_HEAD = 256


class Line:
    """One connection to the server, made again where the server closes it; `sockets` counts."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.sockets = 0
        self.sock: socket.socket | None = None

    def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """Head and body of the answer, which must say how long it is."""
        sock = self.sock or self._connect()
        sock.sendall(request)
        got = b""
        while b"\r\n\r\n" not in got:
            got += self._more(sock)
        head, _, body = got.partition(b"\r\n\r\n")
        headers = _headers(head)
        assert "transfer-encoding" not in headers
        length = int(headers["content-length"])
        while len(body) < length:
            body += self._more(sock)
        assert len(body) == length
        if headers["connection"] == "close":
            self.close()
        return head + b"\r\n\r\n", body

    def _connect(self) -> socket.socket:
        self.sock = socket.create_connection(("127.0.0.1", self.port), timeout=15)
        self.sockets += 1
        return self.sock

    @staticmethod
    def _more(sock: socket.socket) -> bytes:
        more = sock.recv(65536)
        assert more, "the server hung up in the middle of an answer"
        return more

    def close(self) -> None:
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.close()
        self.sock = None


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode().split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


@dataclass
class Wire:
    """A device's name, key and counters, and what to put into each request."""

    base: str
    device_id: str = "00000000"
    key: bytes = b""
    n: int = 0
    sizes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        address = urlsplit(self.base)
        self.host, self.path = address.netloc, address.path
        self.line = Line(int(self.host.partition(":")[2]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.line.close()

    def claim(self, code: str) -> Self:
        body = {"code": code, "sn": "00:11", "hw": "esp32s3", "fw": "1.0.0"}
        status, answer = self.send("/claim", json.dumps(body).encode(), None)
        assert status == 201, answer
        self.device_id, self.key = answer["id"], bytes.fromhex(answer["key"])
        return self

    def send(
        self, path: str, body: bytes, authorization: str | None, method: str = "POST", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Status and answer of one request."""
        status, raw = self.fetch(path, body, authorization, method, **headers)
        answer: dict[str, Any] = json.loads(raw)
        return status, answer

    def fetch(
        self, path: str, body: bytes, authorization: str | None, method: str = "POST", **headers: str
    ) -> tuple[int, bytes]:
        """Status and body of one request."""
        given = {"Authorization": authorization} if authorization else {}
        sent = {"Host": self.host, "Content-Type": "application/json", **given, **headers}
        lines = [f"{method} {self.path}{path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
        lines.append(f"Content-Length: {len(body)}")
        head, answer = self.line.ask("\r\n".join([*lines, "", ""]).encode() + body)
        assert len(head) <= MOST_HEAD, head
        assert len(head) + len(answer) <= MOST_BYTES, head + answer
        self.sizes.append(len(head) + len(answer))
        status = int(head.split()[1])
        assert not 300 <= status < 400
        return status, answer

    def signed(self, path: str, body: bytes, method: str = "POST", **changes: Any) -> str:
        """The header for a request, the next number unless told otherwise."""
        self.n += 1
        header = SignedHeader(self.device_id, 1, int(time.time()), 1, self.n, ZERO)
        header = replace(header, **changes)
        if header.sig == ZERO:
            header = replace(header, sig=signature(self.key, Request(method, self.path + path, body), header))
        return shown_header(header)

    def post(self, path: str, document: Any, **changes: Any) -> tuple[int, dict[str, Any]]:
        """Send JSON, or bytes as they are."""
        body = document if isinstance(document, bytes) else json.dumps(document, separators=(",", ":")).encode()
        return self.send(path, body, self.signed(path, body, **changes))

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        return self.fetch(path, b"", self.signed(path, b"", "GET"), "GET", **headers)

    def events(self, *rows: list[Any], **changes: Any) -> tuple[int, dict[str, Any]]:
        return self.post("/ev", {"ev": list(rows)}, **changes)
