"""The server the client is tested against. Give the name `fleet_server` another FleetServer to test that one."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.device.listening import answering, self_signed
from tests.device.programs import INTERPRETERS
from tests.device.reference_server import Product, World
from tests.device.serving import FleetServer, ReferenceServer

PRODUCTS = {
    f"890123456789{number}": Product(f"Product {number}", 100 + number * 37, 100 + 50 * number) for number in range(8)
}


@pytest.fixture
def reference() -> Iterator[ReferenceServer]:
    """The reference server, for tests that look into its memory."""
    server = ReferenceServer(World(PRODUCTS))
    yield server
    server.stop()


@pytest.fixture
def fleet_server(reference: ReferenceServer) -> FleetServer:
    """The server under test, known by its protocol alone."""
    return reference


@pytest.fixture(params=INTERPRETERS)
def interpreter(request: pytest.FixtureRequest) -> str:
    """Each program the client runs under."""
    return INTERPRETERS[request.param]()


@pytest.fixture
def one_answer() -> Iterator[Callable[[bytes], str]]:
    """Starts a server that gives every request the same bytes; its address."""
    with ExitStack() as running:
        yield lambda answer: f"http://127.0.0.1:{running.enter_context(answering(answer))}"


@pytest.fixture
def https(tmp_path: Path) -> Iterator[tuple[str, bytes, bytes]]:
    """A server behind TLS: its address, the certificate it has, and one it has not (DER)."""
    context, own = self_signed(tmp_path, "localhost")
    _, foreign = self_signed(tmp_path, "localhost")
    answer = b'HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n{"v":1}'
    with answering(answer, lambda sock: context.wrap_socket(sock, server_side=True)) as port:
        yield f"https://localhost:{port}/api/v1/device", own, foreign
