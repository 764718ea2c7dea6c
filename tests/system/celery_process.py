"""Celery as an operator starts it, in processes that a test can watch, stop and kill."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import psutil
from sqlalchemy import text

from app.config import PROJECT
from scripts.parts.child import bare_environment
from tests.conftest import Live
from tests.system.working import NOTES

LEASE_SECONDS = 8


def settings_of(live: Live, redis_url: str, folder: Path) -> dict[str, str]:
    """The environment of a process that works on a test's database."""
    return bare_environment(
        APP_ENV="testing",
        BACKGROUND="celery",
        DATABASE_URL=live.url,
        REDIS_URL=redis_url,
        DATA_DIR=str(folder),
        JWT_SECRET_KEY="a secret of the tests, long enough to be taken",
        TEST_LEASE_SECONDS=str(LEASE_SECONDS),
    )


class CeleryProcess:
    """A process group of its own, so that all of it can be killed at one moment."""

    def __init__(self, environment: dict[str, str], folder: Path, *arguments: str) -> None:
        self._command = [sys.executable, "-m", "celery", "-A", "tests.system.working", *arguments]
        self._environment = environment
        self._output = folder / f"celery-{arguments[0]}.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(
                self._command,
                cwd=PROJECT,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL to every process of the group, as by a power cut."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self, seconds: float = 20) -> int:
        """SIGTERM to the main process alone, as by a service manager; answers the exit code."""
        self.process.terminate()
        return self.process.wait(seconds)

    def pool(self) -> list[psutil.Process]:
        """The processes that carry out tasks."""
        return psutil.Process(self.process.pid).children()

    def printed(self) -> str:
        return self._output.read_text() if self._output.exists() else ""

    def lines(self) -> list[dict[str, Any]]:
        """What it logged."""
        return [json.loads(line) for line in self.printed().splitlines() if line.startswith("{")]


def prepare(live: Live) -> None:
    with live.engine.begin() as connection:
        connection.execute(text(NOTES))


def publish(live: Live, topic: str, number: int = 1) -> int:
    """The id of the last event added."""
    added = text(
        "INSERT INTO outbox (topic, aggregate, payload) SELECT :topic, 'test:1', '{}' FROM generate_series(1, :number)"
        " RETURNING id"
    )
    with live.engine.begin() as connection:
        return max(connection.execute(added, {"topic": topic, "number": number}).scalars())


def until(happened: Callable[[], Any], told: Callable[[], str], seconds: float = 90) -> None:
    """Wait for something other processes do; `told` is what they had to say."""
    give_up = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < give_up, told()[-6000:]
        time.sleep(0.05)
