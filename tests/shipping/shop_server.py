"""The demo shop behind gunicorn on a database of its own, for tests of clients."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from app.config import PROJECT
from app.services.seed.shop import seed
from scripts.gunicorn_process import GunicornProcess
from scripts.ports import free_port
from tests import databases
from tests.conftest import dispose, make_app


@contextmanager
def demo_shop(template: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of the running shop."""
    with databases.cloned(template) as url:
        application = make_app(url)
        with application.app_context():
            seed()
        dispose(application)
        port = free_port()
        for name, value in (("PORT", str(port)), ("DATA_DIR", str(folder)), ("APP_ENV", "development")):
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("RATE_LIMIT_ENABLED", "false")
        with GunicornProcess(url, folder / "server.log") as gunicorn:
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


def run_script(name: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """A script of ours in a process of its own, as somebody at a terminal runs it."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return subprocess.run(
        [sys.executable, "-m", f"scripts.{name}", *options],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
