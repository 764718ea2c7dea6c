"""What Celery is told: which tasks, when, for how long, and how many events wait in Redis at most."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.config import ConfigurationError
from app.services import relay
from app.tasks import worker
from app.tasks.chores import chores
from app.tasks.worker import make_celery
from scripts.parts.redis import RedisServer
from tests.conftest import Live, dispose, make_app
from tests.redis_server import redis_server
from tests.system.celery_process import publish
from tests.system.killing import scalar


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
def celery(live: Live, redis: RedisServer) -> Iterator[Any]:
    """Celery on a database and a Redis of its own; its tasks are called here, without a worker."""
    application = make_app(live.url, redis_url=redis.url, background="celery")
    made = make_celery(application)
    yield made
    made.close()
    dispose(application)


def waiting(redis: RedisServer) -> int:
    client = redis.client()
    try:
        return int(client.llen(worker.EVENTS))  # type: ignore[arg-type]
    finally:
        client.close()


DUE = "SELECT count(*) FROM outbox WHERE next_at <= now()"


def test_every_chore_is_called_for_at_its_period_and_a_call_does_not_outlive_it(celery: Any) -> None:
    schedule = celery.conf.beat_schedule

    assert {name: line["schedule"] for name, line in schedule.items()} == {
        chore.name: chore.seconds for chore in chores()
    }
    assert {line["task"] for line in schedule.values()} <= set(celery.tasks)
    assert {name: line["options"]["expires"] for name, line in schedule.items()} == {
        chore.name: max(chore.seconds, 5.0) for chore in chores()
    }


def test_a_handler_is_ended_before_the_lease_of_its_event(celery: Any) -> None:
    handle = celery.tasks["aisle.handle"]

    assert 0 < handle.soft_time_limit < handle.time_limit < relay.LEASE.total_seconds()
    assert all(task.time_limit for name, task in celery.tasks.items() if name.startswith("aisle."))


def test_a_message_is_acknowledged_when_its_task_has_ended_and_no_result_is_kept(celery: Any) -> None:
    handle = celery.tasks["aisle.handle"]

    assert (handle.acks_late, handle.reject_on_worker_lost, handle.ignore_result) == (True, True, True)
    assert celery.conf.worker_prefetch_multiplier == 1
    assert celery.conf.result_backend is None


def test_without_redis_url_there_is_no_celery(live: Live) -> None:
    with pytest.raises(ConfigurationError, match="REDIS_URL"):
        make_celery(live.app)


def test_each_due_event_becomes_one_message(celery: Any, live: Live, redis: RedisServer) -> None:
    publish(live, "test.count", 230)

    for _ in range(2):
        celery.tasks["aisle.relay"]()

    assert waiting(redis) == 230
    assert scalar(live, DUE) == 0


def test_no_more_are_offered_than_the_queue_is_to_hold(
    celery: Any, live: Live, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LONGEST_QUEUE", 30)
    publish(live, "test.count", 100)

    for _ in range(2):
        celery.tasks["aisle.relay"]()

    assert waiting(redis) == 30
    assert scalar(live, DUE) == 70


def test_while_redis_is_away_events_stay_due_and_go_on_afterwards(
    celery: Any, live: Live, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    publish(live, "test.count", 150)
    redis.kill()

    celery.tasks["aisle.relay"]()
    due = scalar(live, DUE)
    redis.start()
    for _ in range(3):  # the first may still meet connections of before
        celery.tasks["aisle.relay"]()

    assert due == 150
    assert {record.getMessage() for record in caplog.records} == {"background work failed"}
    assert waiting(redis) == 150


def test_a_failing_chore_is_noted_and_does_not_fail_its_task(
    celery: Any, live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    with live.engine.begin() as connection:
        connection.execute(text("ALTER TABLE outbox RENAME TO elsewhere"))

    celery.tasks["aisle.handle"](1, 0)

    [record] = [record for record in caplog.records if record.getMessage() == "background work failed"]
    assert record.chore == "handle"  # type: ignore[attr-defined]
