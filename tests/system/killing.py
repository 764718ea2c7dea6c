"""Checkouts in processes of their own that a test can kill, and what is looked at afterwards."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import text

from app.config import PROJECT
from app.extensions import db
from app.services import invariants
from app.services.payments.sweeper import sweep
from tests.conftest import Live


class Till:
    """Confirms carts in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def start(self, body: dict[str, Any], headers: dict[str, str], key: str) -> int:
        """The id of the process that is now confirming."""
        request = {"json": body, "headers": {**headers, "Idempotency-Key": key}}
        self.process.stdin.write(json.dumps(request) + "\n")  # type: ignore[union-attr]
        self.process.stdin.flush()  # type: ignore[union-attr]
        return int(self.line())

    def line(self) -> str:
        return self.process.stdout.readline()  # type: ignore[union-attr]


@contextmanager
def till(live: Live, *, latency_ms: int) -> Iterator[Till]:
    """A till whose provider takes `latency_ms` to answer."""
    command = [sys.executable, "-m", "tests.system.confirming", live.url, str(latency_ms)]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        opened = Till(process)
        assert opened.line() == "ready\n"
        yield opened
        process.stdin.close()  # type: ignore[union-attr]


def scalar(live: Live, query: str) -> Any:
    with live.engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def until(happened: Callable[[], Any]) -> None:
    """Wait for something another process does."""
    give_up = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < give_up
        time.sleep(0.005)


def kill(live: Live, pid: int) -> None:
    """End a process without warning, unless it has just ended, and wait until the database has noticed."""
    kill_at_once(pid)
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    live.engine.dispose()
    with live.app.app_context():
        for engine in db.engines.values():
            engine.dispose()
    until(lambda: scalar(live, others) == 0)


def kill_at_once(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def sweep_now(live: Live) -> None:
    """What the sweeper does a minute later, when no request of a live process can be on its way any more."""
    with live.engine.begin() as connection:
        later = "UPDATE payment_operations SET next_at = now(), updated_at = now() - interval '1 minute'"
        connection.execute(text(later))
    with live.app.app_context():
        sweep()


def assert_sound(live: Live) -> None:
    with live.app.app_context():
        assert {name: count for name, count in invariants.violations().items() if count} == {}
