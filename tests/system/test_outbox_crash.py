"""Workers, beat and Redis killed at random during ten thousand events: none is lost, none is left behind."""

import random
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

from tests.conftest import Live
from tests.redis_server import RedisServer
from tests.system.celery_process import CeleryProcess, prepare, publish, settings_of, until
from tests.system.killing import scalar

EVENTS = 10_000
AT_ONCE = 50
KILLS = ["worker"] * 2 + ["child"] * 4 + ["redis"] * 3 + ["beat"]
LONGEST_PAUSE = 2.5
DOUBLES_A_KILL = 4
"""Two processes may each be between handling an event and noting that it is done; the rest is for lost connections."""


def test_ten_thousand_events_are_handled_at_least_once_whatever_is_killed_meanwhile(live: Live, tmp_path: Path) -> None:
    prepare(live)
    seed = random.randrange(1_000_000)
    chance = random.Random(seed)
    publisher = threading.Thread(target=_publish_all, args=(live,))

    with RedisServer(tmp_path) as redis:
        environment = settings_of(live, redis.url, tmp_path)
        worker = CeleryProcess(environment, tmp_path, "worker", "--concurrency", "2")
        with worker, CeleryProcess(environment, tmp_path, "beat") as beat:
            publisher.start()
            until(lambda: scalar(live, "SELECT count(*) FROM test_notes WHERE what = 'handled'"), worker.printed)
            for kind in chance.sample(KILLS, len(KILLS)):
                time.sleep(chance.uniform(0.3, LONGEST_PAUSE))
                _kill(kind, worker, beat, redis, chance)
            publisher.join()
            pending = "SELECT count(*) = 0 FROM outbox WHERE done_at IS NULL"
            until(lambda: scalar(live, pending), worker.printed, seconds=120)

    told = f"seed {seed}"
    handled = "SELECT count(DISTINCT event_id) FROM test_notes WHERE what = 'handled'"
    assert scalar(live, "SELECT count(*) FROM outbox") == EVENTS, told
    assert scalar(live, handled) == EVENTS, told
    assert scalar(live, "SELECT count(*) FROM outbox WHERE failed OR last_error IS NOT NULL") == 0, told
    doubles = scalar(live, "SELECT count(*) FROM test_notes WHERE what = 'handled'") - EVENTS
    assert doubles <= len(KILLS) * DOUBLES_A_KILL, told


def _publish_all(live: Live) -> None:
    for _ in range(EVENTS // AT_ONCE):
        publish(live, "test.count", AT_ONCE)
        time.sleep(0.05)


def _kill(kind: str, worker: CeleryProcess, beat: CeleryProcess, redis: RedisServer, chance: random.Random) -> None:
    """Kill one of them without warning, and start again after a moment what does not start by itself."""
    if kind == "child":
        with suppress(IndexError, psutil.NoSuchProcess):  # the worker may not have come up again yet
            chance.choice(worker.pool()).kill()
        return
    killed = {"worker": worker, "beat": beat, "redis": redis}[kind]
    killed.kill()
    time.sleep(chance.uniform(0, 1))
    killed.start()
