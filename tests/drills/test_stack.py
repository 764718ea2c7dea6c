"""All of production on this machine, by one script: journeys go through it, and nothing is left when it ends."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from app.config import PROJECT
from tests.programs import program

pytestmark = pytest.mark.alone

PROGRAMS = (("redis-server", "redis-server"), ("pgbouncer", "pgbouncer"), ("prometheus", "prometheus"))


@pytest.fixture
def folder() -> Iterator[Path]:
    """For temporary files of the script; the servers of another user must be able to pass through it."""
    for name, package in PROGRAMS:
        program(name, package)
    made = Path(tempfile.mkdtemp(prefix="aisle-test-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@contextmanager
def started(folder: Path, *options: str) -> "Iterator[subprocess.Popen[str]]":
    """The script; killed where a test gives up on it, with all it has started, or nobody would ever end it."""
    with subprocess.Popen(
        [sys.executable, "-m", "scripts.stack", *options],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def still_running(folder: Path) -> list[list[str]]:
    """What was started with files in the folder."""
    commands = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    return [command for command in commands if any(str(folder) in word for word in command)]


@pytest.mark.timeout(480)
def test_the_journeys_pass_through_the_whole_stack_and_the_dashboard_shows_them(folder: Path) -> None:
    with started(folder, "--check") as process:
        printed, errors = process.communicate()

    assert process.returncode == 0, printed[-2000:] + errors[-4000:]
    found = dict(line.split("  ", 1) for line in printed.split("-" * 60)[1].splitlines() if line)
    assert [what.strip() for what in found] == [
        *("shoppers", "a vendor", "trolleys", "mistakes"),
        *("outbox", "invariants", "dashboard", "web machines", "replica", "Celery"),
    ]
    assert (list(folder.glob("aisle-stack-*")), still_running(folder)) == ([], [])


@pytest.mark.timeout(240)
def test_ctrl_c_in_the_middle_of_the_start_ends_all_that_was_started(folder: Path) -> None:
    with started(folder) as process:
        assert process.stdout
        process.stdout.readline()
        until_started = time.monotonic() + 60
        while not still_running(folder) and time.monotonic() < until_started:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()

    assert process.returncode == 130, errors[-4000:]
    assert "stopped before its end" in errors
    assert (list(folder.glob("aisle-stack-*")), still_running(folder)) == ([], [])
