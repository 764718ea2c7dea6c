"""How many calls wait in Redis for Celery's workers. Its client is loaded only where there are some."""

from functools import lru_cache
from typing import TYPE_CHECKING

from app.config import Settings
from app.services.figures.catalog import Figure

if TYPE_CHECKING:
    from redis import Redis

QUEUES = ("aisle.chores", "aisle.events")
"""As app/tasks/worker.py names them; a broker keeps each in a list of that name."""

_PATIENCE = 1.0


def depths(settings: Settings) -> list[Figure]:
    """One figure for each queue; none where no Celery works, and none while Redis does not answer."""
    if settings.background != "celery":
        return []
    from redis import RedisError  # noqa: PLC0415

    try:
        return [Figure("aisle_queue_depth", (name,), _redis(settings.redis_url).llen(name)) for name in QUEUES]
    except RedisError:
        return []


@lru_cache(maxsize=4)
def _redis(url: str) -> "Redis":
    from redis import Redis  # noqa: PLC0415

    return Redis.from_url(url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE)
