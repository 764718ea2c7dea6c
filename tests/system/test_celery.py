"""Background work by Celery, with a real Redis: the same work as in process, and nothing of it is lost."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.config import PROJECT
from app.domain.enums import Role
from app.tasks.chores import chores
from scripts.parts.child import bare_environment
from tests.conftest import Live, living
from tests.factories import make_user, sign_in
from tests.redis_server import redis_server
from tests.system.celery_process import CeleryProcess, prepare, publish, settings_of, until
from tests.system.killing import scalar
from tests.system.working import MOST_TRIES

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def shop(template: str) -> Iterator[Live]:
    """A database for all tests of this file, as a worker takes seconds to start."""
    with living(template) as made:
        prepare(made)
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("celery")


@pytest.fixture(scope="module")
def environment(shop: Live, folder: Path) -> Iterator[dict[str, str]]:
    with redis_server(folder) as redis:
        yield settings_of(shop, redis.url, folder)


@pytest.fixture(scope="module")
def started(environment: dict[str, str], folder: Path) -> Iterator[CeleryProcess]:
    """A worker with beat inside."""
    with CeleryProcess(environment, folder, "worker", "-B", "--concurrency", "2") as process:
        yield process


@pytest.fixture
def worker(started: CeleryProcess) -> CeleryProcess:
    """The worker, started again when a test before has stopped it."""
    if started.process.poll() is not None:
        started.start()
    return started


def is_done(shop: Live, event_id: int) -> bool:
    return bool(scalar(shop, f"SELECT done_at IS NOT NULL FROM outbox WHERE id = {event_id}"))


def noted(shop: Live, what: str, event_id: int) -> int:
    return int(scalar(shop, f"SELECT count(*) FROM test_notes WHERE what = '{what}' AND event_id = {event_id}"))


def test_beat_calls_for_each_chore_as_soon_as_it_starts(shop: Live, worker: CeleryProcess) -> None:
    expected = {f"chore {chore.name}" for chore in chores() if chore.name != "relay"}

    def all_ran() -> bool:
        with shop.engine.connect() as connection:
            ran = set(connection.execute(text("SELECT DISTINCT what FROM test_notes")).scalars())
        return expected <= ran

    until(all_ran, worker.printed)


def test_an_event_is_handled_by_a_worker_and_settled(shop: Live, worker: CeleryProcess) -> None:
    event_id = publish(shop, "test.count")

    until(lambda: is_done(shop, event_id), worker.printed)

    assert noted(shop, "handled", event_id) == 1


def test_a_failing_event_is_tried_with_pauses_given_up_and_repeated_from_the_desk(
    shop: Live, worker: CeleryProcess
) -> None:
    event_id = publish(shop, "test.fail")
    until(lambda: scalar(shop, f"SELECT failed FROM outbox WHERE id = {event_id}"), worker.printed)
    tries = noted(shop, "tried", event_id)
    seconds = scalar(shop, f"SELECT extract(epoch FROM max(at) - min(at)) FROM test_notes WHERE event_id = {event_id}")
    with shop.app.app_context(), Session(shop.engine) as session:
        headers = sign_in(session, make_user(session, role=Role.ADMIN))
    client = shop.client()

    [dead] = client.get("/api/v1/admin/outbox?topic=test.fail", headers=headers).json["data"]
    with shop.engine.begin() as connection:
        connection.execute(text("INSERT INTO test_notes VALUES ('mended')"))
    client.post(f"/api/v1/admin/outbox/{event_id}/retry", headers=headers)
    until(lambda: is_done(shop, event_id), worker.printed)

    assert (dead["id"], dead["attempts"], dead["last_error"]) == (event_id, MOST_TRIES, "TimeoutError: no answer")
    assert (tries, noted(shop, "tried", event_id)) == (MOST_TRIES, MOST_TRIES + 1)
    assert seconds >= 1.0
    failures = [line for line in worker.lines() if f"event {event_id} (test.fail) failed" in line["message"]]
    assert [line["task"] for line in failures] == ["aisle.handle"] * MOST_TRIES
    assert len({line["task_id"] for line in failures}) == MOST_TRIES


def test_an_event_whose_handler_kills_its_process_is_tried_by_another(shop: Live, worker: CeleryProcess) -> None:
    event_id = publish(shop, "test.die")

    until(lambda: is_done(shop, event_id), worker.printed)

    pids = scalar(shop, f"SELECT count(DISTINCT pid) FROM test_notes WHERE event_id = {event_id}")
    assert (noted(shop, "handled", event_id), pids) == (2, 2)


def test_a_worker_told_to_stop_finishes_what_it_has_begun_and_leaves_no_file(shop: Live, worker: CeleryProcess) -> None:
    event_id = publish(shop, "test.slow")
    until(lambda: noted(shop, "begun", event_id), worker.printed)

    exit_code = worker.stop()

    assert exit_code == 0
    assert noted(shop, "ended", event_id) == 1
    assert is_done(shop, event_id)
    assert list(PROJECT.glob("celerybeat*")) == []


def test_without_redis_a_worker_says_so_in_one_plain_line_and_begins_when_it_comes(live: Live, tmp_path: Path) -> None:
    prepare(live)
    event_id = publish(live, "test.count")
    redis = redis_server(tmp_path)

    with CeleryProcess(
        settings_of(live, redis.url, tmp_path), tmp_path, "worker", "-B", "--concurrency", "1"
    ) as worker:
        until(lambda: complaints(worker), worker.printed)
        said = complaints(worker)
        with redis:
            until(lambda: is_done(live, event_id), worker.printed)

    assert len(said) == 1
    assert str(redis.port) in said[0]
    assert "Traceback" not in worker.printed()


def complaints(worker: CeleryProcess) -> list[str]:
    """What it says of a Redis it does not reach."""
    return [line["message"] for line in worker.lines() if "Cannot connect" in line["message"]]


@pytest.mark.parametrize("command", ["worker", "beat"])
def test_without_a_redis_url_it_does_not_start_and_says_why_in_one_line(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "celery_app", command],
        cwd=PROJECT,
        env=bare_environment(APP_ENV="testing", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none"),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 1
    assert done.stderr.splitlines() == ["aisle: REDIS_URL is required: Celery's workers are called through Redis"]


def test_a_web_process_has_no_celery_in_its_memory() -> None:
    code = "import runpy, sys, wsgi; runpy.run_path('gunicorn.conf.py'); print('celery' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env=bare_environment(
            APP_ENV="testing",
            BACKGROUND="celery",
            REDIS_URL="redis://127.0.0.1:1/0",
            DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (done.stdout, done.returncode) == ("False\n", 0), done.stderr
