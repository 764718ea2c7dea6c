"""gunicorn with the floor: the same number of workers and threads, and nothing of the shop in them."""

import os
import sys
from pathlib import Path

import httpx

from scripts.parts.child import Child, bare_environment
from scripts.ports import free_port


class FloorServer(Child):
    """`floor_app` under gunicorn, two workers of eight threads."""

    start_seconds = 60.0

    def __init__(self, log: Path, url: str) -> None:
        """On the database at `url`, as psycopg reads it."""
        super().__init__(log, environment=bare_environment(FLOOR_DATABASE_URL=url))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def name(self) -> str:
        return "the floor's gunicorn"

    def command(self) -> list[str]:
        shape = ("--worker-class", "gthread", "--workers", "2", "--threads", "8", "--keep-alive", "75")
        quiet = ("--log-level", "warning", "--no-control-socket")
        plain = ("--config", os.devnull)  # it would read the shop's gunicorn.conf.py otherwise
        return [sys.executable, "-m", "gunicorn", *plain, "--bind", f"127.0.0.1:{self.port}", *shape, *quiet, _APP]

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/bare", timeout=5).status_code == 200
        except httpx.TransportError:
            return False


_APP = "scripts.bench.floor_app:app"
