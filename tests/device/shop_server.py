"""The shop as the trolleys of a test meet it: gunicorn by gunicorn.conf.py on a database, and ways to hit it."""

import time
from pathlib import Path
from typing import Self

import httpx
import psutil

from scripts.gunicorn_process import GunicornProcess
from scripts.parts.child import bare_environment
from scripts.ports import free_port
from tests.conftest import CHEAP

READY_SECONDS = 60
_BACKGROUND_OF_TESTS = {"background", "live_stream_seconds", "app_env"}


class ShopServer:
    """One server on one port, whatever happens to its processes."""

    def __init__(self, url: str, log: Path, **settings: str) -> None:
        self.database_url = url
        self.log = log
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.base}/api/v1/device"
        self.shop = f"{self.base}/api/v1"
        cheap = {name.upper(): str(value) for name, value in CHEAP.items() if name not in _BACKGROUND_OF_TESTS}
        given = {"PORT": str(self.port), "DATABASE_URL": url, "DATA_DIR": str(log.parent)}
        self.environment = bare_environment(**cheap | given | settings)
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.gunicorn.stop()

    def start(self) -> None:
        """Start the processes and wait until they answer."""
        self.gunicorn = GunicornProcess(self.database_url, self.log, self.environment)
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            assert not self.gunicorn.has_ended(), self.log.read_text()[-2000:]
            assert time.monotonic() < deadline, self.log.read_text()[-2000:]
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return httpx.get(self.base + "/livez", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def restart(self) -> None:
        """Let the requests at hand finish, then start again."""
        self.gunicorn.stop()
        self.start()

    def crash(self) -> None:
        """All of it dies at once and is started again."""
        self.gunicorn.kill()
        self.start()

    def lose_a_worker(self) -> None:
        """One process dies in the middle of whatever it does; gunicorn itself sees to another."""
        for worker in self.workers()[:1]:
            worker.kill()

    def workers(self) -> list[psutil.Process]:
        return list(psutil.Process(self.gunicorn.pid).children())
