"""gunicorn as a child that never outlives its parent."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from app.config import PROJECT
from scripts.parts.child import dying_with_parent

STOP_SECONDS = 12  # gunicorn itself gives requests 10 s to finish


class GunicornProcess:
    """gunicorn in a session of its own: a Ctrl-C in the terminal reaches run.py alone, which then asks the master.

    A Ctrl-C that reaches master and workers together has been seen to hang.
    """

    def __init__(self, database_url: str, log: Path, environment: Mapping[str, str] | None = None) -> None:
        """Start it on a database; in the environment of this process unless another is given."""
        self.log = log
        self._log_start = log.stat().st_size if log.exists() else 0
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"],
                cwd=PROJECT,
                env={**(os.environ if environment is None else environment), "DATABASE_URL": database_url},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=dying_with_parent(signal.SIGTERM),  # noqa: PLW1509 (it only calls prctl)
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process number of the master."""
        return self._process.pid

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def last_words(self) -> str:
        """What this server, not an earlier one, wrote last about its own failure."""
        with self.log.open("rb") as output:
            output.seek(self._log_start)
            lines = output.read().decode(errors="replace").splitlines()
        told = [line for line in lines if line and not line.startswith("[")]
        return (told or lines or ["it said nothing"])[-1].removeprefix("aisle: ")

    def stop(self) -> None:
        """Ask the master to finish the requests at hand; kill what is left after STOP_SECONDS."""
        if not self.has_ended():
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End all of it at once, in the middle of whatever it does."""
        with contextlib.suppress(ProcessLookupError):  # after a stop everybody has left as a rule
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
