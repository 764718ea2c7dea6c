"""gunicorn as one machine of the web runs it: a master on a port of its own, with its workers."""

import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from scripts.parts.child import Child, bare_environment
from scripts.ports import free_port


class Web(Child):
    """It ends after the requests at hand when it is stopped, and at once when it is killed."""

    start_seconds = 90.0
    stop_seconds = 20.0  # gunicorn itself gives requests 10 s to finish

    def __init__(self, log: Path, settings: Mapping[str, str], *, port: int | None = None) -> None:
        """With `settings` as its environment and nothing of this shell's; on a free port unless one is given."""
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        own = {"HOST": "127.0.0.1", "PORT": str(self.port)}
        super().__init__(log, environment=bare_environment(**{**settings, **own}))

    @property
    def name(self) -> str:
        return f"gunicorn on port {self.port}"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False
