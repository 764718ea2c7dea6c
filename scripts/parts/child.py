"""A server as a child process: its output in a file, and no life without its parent."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from app.config import PROJECT

_SYSTEM = os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/sbin"))
"""Where Debian puts servers; not everybody's PATH has these."""
_PR_SET_PDEATHSIG = 1


class PartFailed(Exception):
    """A server is missing, does not start or does not answer; the message says why in one line."""


def find_program(name: str, package: str) -> str:
    """The path of a program; raises PartFailed with the Debian package to install."""
    found = shutil.which(name) or shutil.which(name, path=_SYSTEM)
    if not found:
        raise PartFailed(f"there is no {name} on this machine; install it: apt-get install {package}")
    return found


def await_that(happened: Callable[[], Any], what: str, seconds: float = 30, *, every: float = 0.05) -> None:
    """Ask again and again until something is true; raises PartFailed after `seconds`."""
    give_up = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > give_up:
            raise PartFailed(f"{what}: not within {seconds:g} s")
        time.sleep(every)


def bare_environment(**settings: str) -> dict[str, str]:
    """The environment of a shell in which nobody has set anything, and `settings` on top."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH") if name in os.environ}
    return kept | settings


def dying_with_parent(wish: signal.Signals) -> Callable[[], None] | None:
    """For `preexec_fn`: Linux sends `wish` to the child when this process ends, however it ends (kill -9 included).

    The thread that starts the child counts as its parent: start servers in the main thread.
    """
    if sys.platform != "linux":
        return None
    parent = os.getpid()

    def ask() -> None:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, wish)
        if os.getppid() != parent:
            os._exit(1)

    return ask


class Child:
    """One server; used as a context, or started and stopped by hand as often as wanted.

    It runs in a process group of its own, so that a Ctrl-C in the terminal reaches the script alone, which then stops
    its servers in order.
    """

    start_seconds = 30.0
    stop_signal = signal.SIGTERM
    stop_seconds = 15.0

    def __init__(self, log: Path, *, user: str | None = None, environment: Mapping[str, str] | None = None) -> None:
        self.log = log
        self._user = user
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if not self.is_running():
            self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def command(self) -> Sequence[str]:
        """The program and its arguments."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether the server does its work; asked while it starts."""
        raise NotImplementedError

    def start(self) -> None:
        """Return once it answers; raises PartFailed with its last words when it ends instead.

        What does not come up is not left behind.
        """
        try:
            self.launch()
            self.await_answer()
        except BaseException:
            self.kill()
            raise

    def launch(self) -> None:
        """Begin to start it; `await_answer` tells when it has."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command(),
                cwd=PROJECT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self._user,
                preexec_fn=dying_with_parent(self.stop_signal),  # noqa: PLW1509 (it only calls prctl)
            )

    def await_answer(self) -> None:
        """Return once it answers; raises PartFailed with its last words when it ends instead."""
        await_that(lambda: self._has_failed() or self.answers(), f"{self.name} does not answer", self.start_seconds)

    @property
    def name(self) -> str:
        """What people call it."""
        return type(self).__name__

    @property
    def pid(self) -> int:
        """The process number of the main process."""
        assert self._process is not None, f"{self.name} has not been started"
        return self._process.pid

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ask it to end and wait; kill what is left after `stop_seconds`."""
        stop_together(self)

    def ask_to_end(self) -> None:
        """Begin to stop it; `await_end` tells when it has."""
        if self.is_running():
            os.kill(self.pid, self.stop_signal)

    def await_end(self) -> None:
        """Wait until it has ended; kill what is left after `stop_seconds`."""
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(self.stop_seconds)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to it and all its children at one moment, as by a power cut."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):  # after a stop everybody has left as a rule
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def printed(self) -> str:
        """All it has written."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def _has_failed(self) -> bool:
        if not self.is_running():
            lines = self.printed().strip().splitlines()
            raise PartFailed(f"{self.name} does not start: {lines[-1] if lines else 'it said nothing'}")
        return False


def stop_together(*servers: Child) -> None:
    """Stop servers side by side and return once none is left."""
    for server in servers:
        server.ask_to_end()
    for server in servers:
        server.await_end()
