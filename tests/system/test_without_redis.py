"""Web processes where Redis is away, or silent: requests are answered all the same, and their events wait."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from app.config import PROJECT
from scripts.parts.redis import RedisServer
from scripts.ports import free_port
from tests.conftest import Live
from tests.redis_server import redis_server
from tests.system.celery_process import settings_of
from tests.system.killing import scalar

REGISTRATION = {"email": "dana@example.com", "password": "sunny-day-7", "full_name": "Dana Levi"}


@contextmanager
def web(live: Live, redis: RedisServer, folder: Path) -> Iterator[httpx.Client]:
    """A client of a gunicorn of its own that works for the test's database."""
    port = free_port()
    output = folder / "web.log"
    with output.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--workers", "1"],
            cwd=PROJECT,
            env={**settings_of(live, redis.url, folder), "PORT": str(port)},
            stdout=log,
            stderr=log,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            _await(client, process, output)
            yield client
    finally:
        process.terminate()
        process.wait(30)


def _await(client: httpx.Client, process: "subprocess.Popen[bytes]", output: Path) -> None:
    give_up = time.monotonic() + 90
    while True:
        assert process.poll() is None, output.read_text()
        assert time.monotonic() < give_up, output.read_text()
        try:
            client.get("/livez")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return


@pytest.mark.parametrize("outage", ["kill", "freeze"])
def test_requests_are_answered_and_their_events_wait(live: Live, tmp_path: Path, outage: str) -> None:
    with redis_server(tmp_path) as redis, web(live, redis, tmp_path) as client:
        before = client.get("/api/v1/catalog/categories")
        getattr(redis, outage)()
        began = time.monotonic()

        read = [client.get("/api/v1/catalog/categories") for _ in range(3)]
        written = client.post("/api/v1/auth/register", json=REGISTRATION)
        seconds = time.monotonic() - began

    assert before.status_code == 200
    assert [answer.status_code for answer in read] == [200] * 3
    assert written.status_code == 201, written.text
    assert seconds < 10
    assert scalar(live, "SELECT count(*) FROM outbox WHERE topic = 'user.registered' AND done_at IS NULL") == 1
