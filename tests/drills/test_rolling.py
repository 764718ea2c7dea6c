"""Restarts of gunicorn fail no request, and the drill would see one that failed."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from scripts.drills.rolling import Gunicorn
from scripts.drills.running import PromiseBroken
from scripts.drills.shop import Shop, settings_of
from scripts.drills.shoppers import Journal, Shopper
from scripts.parts.child import await_that
from scripts.parts.web import Web
from tests import databases
from tests.drills.running import run_drill

pytestmark = pytest.mark.alone

NOWHERE = Shop(1, (1,))


@pytest.mark.timeout(400)
def test_no_request_fails_while_workers_and_master_are_replaced() -> None:
    done = run_drill("rolling", "--restarts", "1", "--shoppers", "4", "--seed", "1")

    assert done.returncode == 0, done.stderr
    assert "SIGUSR2" in done.stdout


@contextmanager
def one_that_answers(answer: bytes) -> Iterator[str]:
    """The address of a server that gives one answer, once; or closes the connection without any."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer, args=(listener, answer))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(10)


def _answer(listener: socket.socket, answer: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(answer)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "got no answer: RemoteProtocolError"),
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "answered 503"),
        (b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", "answered 500"),
    ],
)
def test_an_impatient_shopper_takes_nothing_but_the_answer(answer: bytes, said: str) -> None:
    journal = Journal()

    with one_that_answers(answer) as base, pytest.raises(PromiseBroken, match=said):
        Shopper(base, NOWHERE, journal, name="one", patient=False)

    with pytest.raises(PromiseBroken, match="1 requests failed"):
        journal.check()


def test_a_new_master_that_does_not_load_leaves_the_old_one_at_work(template: str, tmp_path: Path) -> None:
    """As after an update that breaks the settings: the configuration it reads is not the one that is running."""
    project = tmp_path / "broken.py"
    with databases.cloned(template) as url:
        project.write_text("exec(open('gunicorn.conf.py').read())")
        with WebOf(project, tmp_path / "log", settings_of(tmp_path, DATABASE_URL=url)) as web:
            project.write_text("raise SystemExit('does not load')")
            workers = psutil.Process(web.pid).children()

            os.kill(web.pid, signal.SIGUSR2)

            await_that(lambda: "does not load" in web.printed(), "the end of the new master", 60)
            assert web.answers()
            assert set(workers) <= set(psutil.Process(web.pid).children())


def test_systemd_is_told_who_leads(template: str, tmp_path: Path) -> None:
    """It would take the end of the first master for the end of the service."""
    with databases.cloned(template) as url, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(10)
        settings = settings_of(tmp_path, DATABASE_URL=url, NOTIFY_SOCKET=str(tmp_path / "notify"))
        with Web(tmp_path / "log", settings) as web:
            server = Gunicorn(web)

            server.replace()

            told = b""
            while b"MAINPID" not in told:
                told = systemd.recv(1024)
            assert told.decode() == f"MAINPID={server.master.pid}"
            assert server.master.pid != web.pid
            assert web.answers()


class WebOf(Web):
    """gunicorn by a configuration of a test's own."""

    def __init__(self, configuration: Path, log: Path, settings: dict[str, str]) -> None:
        super().__init__(log, settings)
        self._configuration = configuration

    def command(self) -> list[str]:
        return [*super().command()[:-1], str(self._configuration)]
