"""The shop the trolleys of these tests meet: one real server for all of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import databases
from tests.device.fleet import Fleet, open_fleet
from tests.device.listening import answering, self_signed
from tests.device.programs import INTERPRETERS
from tests.device.shop_server import ShopServer


@pytest.fixture(scope="session")
def fleet(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A branch with trolleys on a running server."""
    log = tmp_path_factory.mktemp("shop") / "log"
    with databases.cloned(template) as url, ShopServer(url, log) as server, open_fleet(server) as opened:
        yield opened


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
