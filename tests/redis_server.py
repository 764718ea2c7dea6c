"""A real Redis of a test's own, which can be killed and started again."""

from pathlib import Path

from scripts.parts.redis import RedisServer
from tests.programs import program


def redis_server(folder: Path) -> RedisServer:
    """Not yet started; where the program is not installed the test says so and ends."""
    program("redis-server", "redis-server")
    return RedisServer(folder)
