"""The shop as a person starts it: a process of its own, with gunicorn and an embedded PostgreSQL behind it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import httpx
import psutil

from app.config import PROJECT
from scripts.announce import LAST_LINE
from scripts.parts.child import await_that, bare_environment
from scripts.ports import free_port

FIRST_START_SECONDS = 90
WORKERS = 2


class ShopProcess:
    """Started in a process group of its own, as a terminal does, so that `ctrl_c` can reach the whole group."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.environment = bare_environment(PORT=str(self.port), DATA_DIR=str(data_dir))
        self.output = data_dir / f"terminal-{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Returns when it is open."""
        started = time.monotonic()
        with self.output.open("wb") as terminal:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scripts.serve"],
                cwd=PROJECT,
                env=self.environment,
                stdout=terminal,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        while LAST_LINE not in self.printed():
            assert self.process.poll() is None, self.printed()
            assert time.monotonic() - started < FIRST_START_SECONDS, self.printed()
            time.sleep(0.05)
        self.seconds_to_open = time.monotonic() - started

    def stop(self) -> None:
        """Unless it has ended already."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)

    def printed(self) -> str:
        return self.output.read_text()

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.base + path, timeout=10)

    def web_processes(self) -> list[psutil.Process]:
        """gunicorn's master and its two workers: the first may answer before the second has been started."""
        await_that(lambda: len(self._children()) > WORKERS, "the workers are not there")
        return self._children()

    def _children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def postgres(self) -> psutil.Process:
        """The embedded server's main process."""
        return psutil.Process(int((self.data_dir / "postgres" / "postmaster.pid").read_text().split("\n")[0]))

    def ctrl_c(self) -> None:
        """What a terminal does: SIGINT to every process of the group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill_dead(self) -> None:
        self.process.kill()
        self.process.wait(5)


def still_alive(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that have not ended after `seconds`; an ended one that nobody has asked about yet is not alive."""
    _, left = psutil.wait_procs(processes, timeout=seconds)
    return [process for process in left if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
