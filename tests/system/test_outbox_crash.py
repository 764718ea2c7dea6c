"""Workers, beat and Redis killed at random during ten thousand events: none is lost, none is left behind."""

import random
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from scripts.parts.redis import RedisServer
from tests.conftest import Live
from tests.redis_server import redis_server
from tests.system.celery_process import CeleryProcess, prepare, publish, settings_of
from tests.system.killing import scalar

EVENTS = 10_000
AT_ONCE = 100
KILLS = ["worker"] * 2 + ["child"] * 4 + ["redis"] * 3 + ["beat"]
DOUBLES_A_KILL = 4
"""Two processes may each be between handling an event and noting that it is done; the rest is for lost connections."""

LONGEST_STANDSTILL = 90.0
"""Seconds: on a busy machine a worker takes long to come up again."""


@pytest.mark.timeout(900)
@pytest.mark.alone
def test_ten_thousand_events_are_handled_at_least_once_whatever_is_killed_meanwhile(live: Live, tmp_path: Path) -> None:
    prepare(live)
    seed = random.randrange(1_000_000)
    chance = random.Random(seed)
    moments = sorted(chance.sample(range(1, EVENTS - 500), len(KILLS)))
    publisher = threading.Thread(target=_publish_all, args=(live,))

    with redis_server(tmp_path) as redis:
        environment = settings_of(live, redis.url, tmp_path)
        worker = CeleryProcess(environment, tmp_path, "worker", "--concurrency", "2")
        with worker, CeleryProcess(environment, tmp_path, "beat") as beat:
            publisher.start()
            for done, kind in zip(moments, chance.sample(KILLS, len(KILLS)), strict=True):
                _wait_until_done(live, done, worker)
                _kill(kind, worker, beat, redis, chance)
            publisher.join()
            _wait_until_done(live, EVENTS, worker)

    told = f"seed {seed}"
    handled = "SELECT count(DISTINCT event_id) FROM test_notes WHERE what = 'handled'"
    assert scalar(live, "SELECT count(*) FROM outbox") == EVENTS, told
    assert scalar(live, handled) == EVENTS, told
    assert scalar(live, "SELECT count(*) FROM outbox WHERE done_at IS NULL OR failed") == 0, told
    doubles = scalar(live, "SELECT count(*) FROM test_notes WHERE what = 'handled'") - EVENTS
    assert doubles <= len(KILLS) * DOUBLES_A_KILL, told


def _publish_all(live: Live) -> None:
    for _ in range(EVENTS // AT_ONCE):
        publish(live, "test.count", AT_ONCE)
        time.sleep(0.1)


def _wait_until_done(live: Live, number: int, worker: CeleryProcess) -> None:
    """Fails when nothing goes on for too long. A worker that ended by itself is started again, as its service does.

    Celery 5.7 may end with "Unrecoverable error" when Redis goes while it takes back what was not acknowledged.
    """
    done, moved = -1, time.monotonic()
    while done < number:
        found = scalar(live, "SELECT count(*) FROM outbox WHERE done_at IS NOT NULL")
        if found != done:
            done, moved = found, time.monotonic()
        if worker.process.poll() is not None:
            worker.start()
        assert time.monotonic() - moved < LONGEST_STANDSTILL, f"{done} of {number}\n{worker.printed()[-6000:]}"
        time.sleep(0.1)


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
