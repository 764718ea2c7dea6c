"""Celery's processes as an operator starts them: workers do the background work, beat calls for it."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError

from scripts.parts.child import Child, bare_environment


class Worker(Child):
    """It finishes what it has begun when it is stopped."""

    start_seconds = 90.0
    stop_seconds = 30.0

    def __init__(self, log: Path, settings: Mapping[str, str], *, concurrency: int = 2) -> None:
        """With `settings` as its environment and nothing of this shell's; so many processes carry out tasks."""
        super().__init__(log, environment=bare_environment(**settings))
        self._concurrency = concurrency
        self._calls = Celery(broker=settings["REDIS_URL"], set_as_current=False)

    @property
    def name(self) -> str:
        return "Celery's worker"

    def command(self) -> list[str]:
        return [*_CELERY, "worker", "--concurrency", str(self._concurrency)]

    def answers(self) -> bool:
        return bool(self._statistics())

    def done(self) -> dict[str, int]:
        """How often it has begun each task, by name."""
        statistics = self._statistics()
        return dict(statistics["total"]) if statistics else {}

    def call(self, task: str, queue: str) -> None:
        """Have a task done now rather than when beat calls for it."""
        self._calls.send_task(task, queue=queue)

    def _statistics(self) -> dict[str, Any] | None:
        try:
            found = self._calls.control.inspect(timeout=1, limit=1).stats()
        except (OperationalError, OSError):
            return None
        return next(iter(found.values())) if found else None


class Beat(Child):
    """It calls for every chore as soon as it starts."""

    start_seconds = 90.0

    def __init__(self, log: Path, settings: Mapping[str, str], worker: Worker) -> None:
        """The `worker` is who tells whether it calls."""
        super().__init__(log, environment=bare_environment(**settings))
        self._worker = worker

    @property
    def name(self) -> str:
        return "Celery's beat"

    def command(self) -> list[str]:
        return [*_CELERY, "beat"]

    def answers(self) -> bool:
        return bool(self._worker.done())


_CELERY = (sys.executable, "-m", "celery", "-A", "celery_app")
