"""The sweeper as a process of its own, so that it can be killed by itself: `flask worker`."""

import sys
from collections.abc import Mapping
from pathlib import Path

from scripts.parts.child import Child, bare_environment


class Sweeper(Child):
    """What the web processes do beside their requests elsewhere (BACKGROUND=off here)."""

    start_seconds = 60.0

    def __init__(self, log: Path, settings: Mapping[str, str]) -> None:
        super().__init__(log, environment=bare_environment(**{**settings, "PYTHONUNBUFFERED": "1"}))

    @property
    def name(self) -> str:
        return "the sweeper"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]

    def answers(self) -> bool:
        return "Ctrl-C stops" in self.printed()
