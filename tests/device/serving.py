"""The reference server on a port of its own, with restarts; what a fleet needs to know of any server."""

import contextlib
import socket
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from tests.device.reference_server import DEVICE, SHOP, World


class FleetServer(Protocol):
    """What the tests of the client ask of a server: implement it for another server to run them against that."""

    url: str
    shop: str
    leave: str
    items: Sequence[str]

    def claim_code(self) -> str: ...

    def shopper_token(self) -> str: ...

    def lines(self, session: int) -> dict[str, int]: ...

    def restart(self) -> None: ...


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 with Content-Length and kept connections, as B.1 has it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server: Any = self.server
        status, answer = server.world.handle(self.command, self.path, self.headers.get("Authorization"), body)
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
        self.wfile.write(head.encode() + answer)

    do_POST = do_GET  # noqa: N815  # the names http.server looks for


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], world: World) -> None:
        self.world = world
        self.open: set[socket.socket] = set()
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks off is what these tests are about."""

    def cut_connections(self) -> None:
        for request in list(self.open):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)


class ReferenceServer:
    """The reference server as the tests see it."""

    leave = "/cart/disconnect"

    def __init__(self, world: World) -> None:
        self.world = world
        self.items = tuple(world.products)
        self._start(0)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}{DEVICE}"
        self.shop = f"http://127.0.0.1:{self.port}{SHOP}"

    def claim_code(self) -> str:
        return self.world.add_device()[1]

    def shopper_token(self) -> str:
        return self.world.add_shopper()

    def lines(self, session: int) -> dict[str, int]:
        return self.world.lines(session)

    def restart(self) -> None:
        """Stop in the middle of whatever is going on, and start again with the same database."""
        self.stop()
        self._start(self.port)

    def stop(self) -> None:
        self.server.shutdown()
        self.server.cut_connections()
        self.server.server_close()
        self.thread.join()

    def _start(self, port: int) -> None:
        self.server = Server(("127.0.0.1", port), self.world)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()
