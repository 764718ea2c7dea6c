"""The demo shop behind gunicorn on a database of its own, for tests of clients."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from app.services.seed.shop import seed
from scripts.gunicorn_process import GunicornProcess
from scripts.ports import free_port
from tests import databases
from tests.conftest import dispose, make_app


@contextmanager
def demo_shop(template: str, folder: Path) -> Iterator[str]:
    """The address of the running shop."""
    with databases.cloned(template) as url:
        application = make_app(url)
        with application.app_context():
            seed()
        dispose(application)
        port = free_port()
        environment = {"PORT": str(port), "DATA_DIR": str(folder), "APP_ENV": "development", "RATE_LIMIT_ENABLED": "0"}
        with GunicornProcess(url, folder / "server.log", {**os.environ, **environment}) as gunicorn:
            base = f"http://127.0.0.1:{port}"
            await_ready(base, gunicorn)
            yield base


def await_ready(base: str, gunicorn: GunicornProcess) -> None:
    give_up = time.monotonic() + 90
    while not answers(base):
        assert not gunicorn.has_ended(), gunicorn.last_words()
        assert time.monotonic() < give_up
        time.sleep(0.1)


def answers(base: str) -> bool:
    try:
        return httpx.get(f"{base}/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
