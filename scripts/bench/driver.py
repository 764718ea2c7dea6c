"""The load generator: jobs come in on standard input, outcomes go out on standard output. Standard library only.

One thread, raw sockets and epoll: it must take as little of the machine it shares with the servers as it can.
"""

import pickle
import selectors
import signal
import socket
import sys
import time
from collections import Counter
from typing import Any

_CONNECT_SECONDS = 10
_SILENCE_SECONDS = 60
_PIECE = 1 << 18


class _Connection:
    """One client: sends its requests in order and reads each answer whole."""

    __slots__ = ("buffer", "next", "script", "sent_at", "sock", "wanted")

    def __init__(self, port: int, script: list[bytes]) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=_CONNECT_SECONDS)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.script = script
        self.next = 0
        self.buffer = b""
        self.wanted = 0
        self.sent_at = 0.0

    def send(self) -> None:
        request = self.script[self.next % len(self.script)]
        self.next += 1
        self.buffer, self.wanted = b"", 0
        self.sent_at = time.perf_counter()
        self.sock.sendall(request)

    def read(self) -> bytes | None:
        """The whole answer once it is there."""
        piece = self.sock.recv(_PIECE)
        if not piece:
            raise ConnectionError("the server closed the connection")
        self.buffer = self.buffer + piece if self.buffer else piece
        if not self.wanted:
            head = self.buffer.find(b"\r\n\r\n")
            if head < 0:
                return None
            self.wanted = head + 4 + _length(self.buffer[:head])
        return self.buffer if len(self.buffer) >= self.wanted else None


def _length(head: bytes) -> int:
    if head[9:12] == b"204":
        return 0
    lower = head.lower()
    place = lower.find(b"content-length:")
    if place < 0:
        raise ConnectionError("an answer without Content-Length")
    return int(lower[place + 15 :].split(b"\r\n", 1)[0])


class _Loop:
    """All connections of one job, from its first request to its last answer."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.ms: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.bodies: list[bytes] = []
        self.fault = ""
        self.bytes_read = 0
        self.selector = selectors.DefaultSelector()

    def run(self) -> None:
        connections = [_Connection(self.job["port"], list(script)) for script in self.job["scripts"] if script]
        self.began = time.perf_counter()
        self.ends = self.began + self.job["seconds"] if self.job["seconds"] else None
        for connection in connections:
            self.selector.register(connection.sock, selectors.EVENT_READ, connection)
            connection.send()
        while self.selector.get_map():
            ready = self.selector.select(_SILENCE_SECONDS)
            if not ready:
                raise ConnectionError(f"no answer for {_SILENCE_SECONDS} s")
            for key, _ in ready:
                self._hear(key.data)

    def _hear(self, connection: _Connection) -> None:
        answer = connection.read()
        if answer is None:
            return
        now = time.perf_counter()
        self.ms.append((now - connection.sent_at) * 1000)
        self._note(answer)
        if self._is_over(connection, now):
            self.selector.unregister(connection.sock)
            connection.sock.close()
        else:
            connection.send()

    def _note(self, answer: bytes) -> None:
        status = int(answer[9:12])
        self.statuses[status] += 1
        self.bytes_read += len(answer)
        if status not in self.job["expected"] and not self.fault:
            self.fault = answer.decode(errors="replace").replace("\r\n", " ")[-300:]
        if len(self.bodies) < self.job["keep"]:
            self.bodies.append(answer.partition(b"\r\n\r\n")[2])

    def _is_over(self, connection: _Connection, now: float) -> bool:
        if self.fault:
            return True
        return now >= self.ends if self.ends else connection.next >= len(connection.script)


def _outcome(job: dict[str, Any]) -> dict[str, Any]:
    loop, before = _Loop(job), time.process_time()
    try:
        loop.run()
    except OSError as error:
        loop.fault = loop.fault or f"{type(error).__name__}: {error}"
    return {
        "seconds": time.perf_counter() - loop.began if hasattr(loop, "began") else 1.0,
        "answered": len(loop.ms),
        "ms": loop.ms,
        "statuses": loop.statuses,
        "fault": loop.fault,
        "bodies": loop.bodies,
        "bytes_read": loop.bytes_read,
        "driver_seconds": time.process_time() - before,
    }


def main() -> None:
    """Jobs until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it ends it
    while True:
        try:
            job = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(_outcome(job), sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
