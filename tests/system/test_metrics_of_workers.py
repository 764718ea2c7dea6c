"""/metrics of a server with two workers: whichever answers tells the sum of both, and a killed one loses nothing."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from app.config import PROJECT
from scripts.parts.child import bare_environment
from scripts.ports import free_port
from tests.conftest import Live
from tests.routes.test_metrics import Scrape, parsed

pytestmark = pytest.mark.alone


class Server:
    """gunicorn by its own configuration file, on a test's database, with its folder of counts below `folder`."""

    def __init__(self, url: str, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.log = folder / "gunicorn.log"
        usual = {
            "APP_ENV": "testing",
            "BACKGROUND": "off",
            "DATABASE_URL": url,
            "DATA_DIR": str(folder),
            "PORT": str(self.port),
            "TMPDIR": str(folder),
            "JWT_SECRET_KEY": "a secret of the tests, long enough to be taken",
        }
        self.environment = bare_environment(**{**usual, **settings})

    def __enter__(self) -> "Server":
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"],
                cwd=PROJECT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.until(self.answers)
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.base}/livez", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def until(self, happened: object, seconds: float = 60) -> None:
        give_up = time.monotonic() + seconds
        while not happened():  # type: ignore[operator]
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < give_up, self.log.read_text()[-3000:]
            time.sleep(0.05)

    def workers(self) -> set[int]:
        return {child.pid for child in psutil.Process(self.process.pid).children()}

    def scrape(self) -> Scrape:
        """A look over a connection of its own, so that any worker may answer."""
        return parsed(httpx.get(f"{self.base}/metrics", timeout=10).text)


ROUTE = "/api/v1/branches"
COUNT = "flask_http_request_duration_seconds_count"


def ask(server: Server, times: int) -> None:
    """Each request over a connection of its own, eight at a time, so that both workers get some."""
    with httpx.Client(timeout=30, headers={"Connection": "close"}) as client, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.get(server.base + ROUTE).status_code, range(times)))
    assert answers == [200] * times


def counts_by_worker(server: Server) -> list[int]:
    """How many files of counts there are for living workers."""
    folder = Path(server.environment["TMPDIR"])
    (counts,) = folder.glob("aisle-metrics-*")
    return [int(part.stem.rpartition("_")[2]) for part in counts.glob("histogram_*.db") if part.stem[-1].isdigit()]


def told(server: Server) -> set[float]:
    """How often the route was asked for, as told at several looks."""
    return {server.scrape().of(COUNT, path=ROUTE, status="200") for _ in range(6)}


def test_two_workers_tell_one_sum_that_outlives_them_but_not_the_server(live: Live, tmp_path: Path) -> None:
    """One server for all of it, as each takes seconds to start."""
    with Server(live.url, tmp_path) as server:
        server.until(lambda: len(server.workers()) == 2)
        ask(server, 100)
        assert_both_are_summed_up(server)
        kill_one(server)
        assert told(server) == {100}
        ask(server, 20)
        assert told(server) == {120}
        reload(server)
        assert told(server) == {120}
        ask(server, 20)
        assert told(server) == {140}
        server.process.terminate()
        server.process.wait(30)

    assert list(tmp_path.glob("aisle-metrics-*")) == []


def assert_both_are_summed_up(server: Server) -> None:
    looks = [server.scrape() for _ in range(8)]

    assert set(counts_by_worker(server)) >= server.workers()  # both have answered some
    assert {look.of(COUNT, path=ROUTE, status="200") for look in looks} == {100}
    assert {look.of("flask_http_request_total", method="GET", status="200") >= 100 for look in looks} == {True}
    assert looks[-1].of("aisle_db_pool_size", pool="read") == 16
    assert {look.of("aisle_db_pool_in_use", pool="read") for look in looks} <= {0, 1, 2}


def kill_one(server: Server) -> None:
    killed = min(server.workers())
    os.kill(killed, signal.SIGKILL)
    server.until(lambda: killed not in server.workers() and len(server.workers()) == 2)
    server.until(lambda: killed not in counts_by_worker(server))


def reload(server: Server) -> None:
    before = server.workers()
    os.kill(server.process.pid, signal.SIGHUP)
    server.until(lambda: not server.workers() & before and len(server.workers()) == 2)
