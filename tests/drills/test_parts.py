"""The servers of drills and of the stack: how they start, fail and end, and the balancer before several of them."""

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import psutil
import pytest

from scripts.parts.balancer import Balancer
from scripts.parts.child import Child, PartFailed, find_program, stop_together
from scripts.ports import free_port


class Script(Child):
    """A child that runs some Python; it answers once the file `ready` is there."""

    start_seconds = 10.0

    def __init__(self, folder: Path, code: str) -> None:
        super().__init__(folder / "log")
        self._ready = folder / "ready"
        self._code = f"import pathlib, signal, sys, time; ready = pathlib.Path({str(self._ready)!r}); {code}"

    def command(self) -> list[str]:
        return [sys.executable, "-c", self._code]

    def answers(self) -> bool:
        return self._ready.exists()


def test_a_server_that_ends_instead_of_starting_is_told_by_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(PartFailed, match="Script does not start: the disk is full"):
        Script(tmp_path, "print('hello', flush=True); sys.exit('the disk is full')").start()


def test_a_server_that_never_answers_is_not_left_behind(tmp_path: Path) -> None:
    script = Script(tmp_path, "time.sleep(60)")
    script.start_seconds = 0.5

    with pytest.raises(PartFailed, match="Script does not answer: not within"):
        script.start()

    assert not script.is_running()


def test_a_server_that_will_not_hear_is_killed(tmp_path: Path) -> None:
    script = Script(tmp_path, "signal.signal(signal.SIGTERM, signal.SIG_IGN); ready.touch(); time.sleep(60)")
    script.stop_seconds = 0.5
    script.start()
    process = psutil.Process(script.pid)

    script.stop()

    assert not process.is_running()


def test_servers_stop_side_by_side_and_may_be_started_again(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    first, second = (Script(folder, "ready.touch(); time.sleep(60)") for folder in folders)
    first.start()
    second.start()

    stop_together(first, second)
    stopped = [first.is_running(), second.is_running()]
    first.start()

    assert stopped == [False, False]
    assert first.is_running()
    first.kill()


def test_a_program_that_is_missing_is_told_with_its_package() -> None:
    with pytest.raises(PartFailed, match="there is no aisle-nonsense on this machine; install it: apt-get install x"):
        find_program("aisle-nonsense", "x")


class Echo(BaseHTTPRequestHandler):
    """Answers with who asked for what, and in whose name."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        body = f"{self.path} {sent.decode()} for {self.headers['X-Forwarded-For']}".encode()
        self.send_response(201)
        self.send_header("X-Kept", "yes")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing to say."""


@pytest.fixture
def servers() -> Iterator[list[str]]:
    started = [ThreadingHTTPServer(("127.0.0.1", 0), Echo) for _ in range(2)]
    for server in started:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield [f"http://127.0.0.1:{server.server_address[1]}" for server in started]
    for server in started:
        server.shutdown()
        server.server_close()


def test_each_request_of_one_connection_goes_to_the_next_server(servers: list[str]) -> None:
    with Balancer(servers) as balancer, httpx.Client(base_url=balancer.url) as client:
        answers = [client.post(f"/way/{number}?q=1", content="hello") for number in range(4)]

    assert [answer.text for answer in answers] == [f"/way/{number}?q=1 hello for 127.0.0.1" for number in range(4)]
    assert {(answer.status_code, answer.headers["X-Kept"]) for answer in answers} == {(201, "yes")}
    assert dict(balancer.answered) == dict.fromkeys(servers, 2)


def test_a_server_that_is_away_is_a_bad_gateway() -> None:
    with Balancer([f"http://127.0.0.1:{free_port()}"]) as balancer:
        answer = httpx.get(balancer.url)

    assert answer.status_code == 502
