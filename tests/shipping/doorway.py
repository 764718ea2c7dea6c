"""The test database over TCP, for a user who may not reach its socket."""

import selectors
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from sqlalchemy import make_url


class _Doorway(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    behind: str


class _Visit(socketserver.BaseRequestHandler):
    """One connection, handed through both ways until one side hangs up."""

    def handle(self) -> None:
        with socket.socket(socket.AF_UNIX) as inside, selectors.DefaultSelector() as waiting:
            inside.connect(cast(_Doorway, self.server).behind)
            for here, there in ((self.request, inside), (inside, self.request)):
                waiting.register(here, selectors.EVENT_READ, there)
            while True:
                for ready, _ in waiting.select():
                    received = cast(socket.socket, ready.fileobj).recv(65536)
                    if not received:
                        return
                    ready.data.sendall(received)


@contextmanager
def over_tcp(url: str) -> Iterator[str]:
    """The address of the same database on 127.0.0.1, while the block lasts."""
    inside = make_url(url)
    with _Doorway(("127.0.0.1", 0), _Visit) as doorway:
        doorway.behind = f"{inside.query['host']}/.s.PGSQL.5432"
        threading.Thread(target=doorway.serve_forever, daemon=True).start()
        outside = inside.set(drivername="postgresql", host="127.0.0.1", port=doorway.server_address[1], query={})
        yield outside.render_as_string(hide_password=False)
        doorway.shutdown()
