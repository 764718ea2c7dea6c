"""A real Redis server of a test's own, which can be killed and started again."""

import signal
import subprocess
import time
from pathlib import Path
from typing import Self

import redis

from scripts.ports import free_port
from tests.programs import program


class RedisServer:
    """It keeps nothing on disk: what it held when it was killed is lost."""

    def __init__(self, folder: Path) -> None:
        self._program = program("redis-server", "redis-server")
        self._folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Returns when it answers."""
        settings = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, *settings, "--save", "", "--appendonly", "no"], stdout=log, stderr=log
            )
        give_up = time.monotonic() + 20
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "redis.log").read_text()
            assert time.monotonic() < give_up
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL, as by a power cut."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def freeze(self) -> None:
        """Connections stay open and nothing answers, as behind a network that drops everything."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def client(self) -> "redis.Redis":
        return redis.Redis.from_url(self.url)

    def _answers(self) -> bool:
        client = self.client()
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
