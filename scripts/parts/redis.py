"""A Redis that keeps nothing on disk: what it held when it was killed is lost."""

import os
import signal
from pathlib import Path

import redis

from scripts.parts.child import Child, find_program
from scripts.ports import free_port


class RedisServer(Child):
    """It can be killed and started again, on the same port."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "redis.log")
        self._program = find_program("redis-server", "redis-server")
        self._folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        settings = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(self._folder), "appendonly": "no"}
        return [
            self._program,
            *(word for name, value in settings.items() for word in (f"--{name}", value)),
            "--save",
            "",
        ]

    def answers(self) -> bool:
        client = self.client()
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def client(self) -> "redis.Redis":
        """A connection of the caller's own."""
        return redis.Redis.from_url(self.url)

    def ask_to_end(self) -> None:
        """At once: there is nothing to write, and a frozen one would not hear."""
        self.kill()

    def freeze(self) -> None:
        """Connections stay open and nothing answers, as behind a network that drops everything."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Undo a freeze; harmless without one."""
        os.kill(self.pid, signal.SIGCONT)
