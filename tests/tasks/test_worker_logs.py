"""Log lines of Celery's processes: JSON, one line for one outage, each with its task."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from celery import Celery
from redis.exceptions import ConnectionError as RedisConnectionError

from app.tasks import worker_logs


def _is_of_pytest(handler: logging.Handler) -> bool:
    """Pytest puts handlers on loggers for each phase of a test, and takes them off again."""
    return type(handler).__module__.startswith("_pytest")


@pytest.fixture
def restored() -> Iterator[None]:
    """Logging as it was before, afterwards."""
    loggers = [logging.getLogger(name) for name in ("", "aisle", "aisle.background", *worker_logs._ROUTINE)]
    before = [([h for h in one.handlers if not _is_of_pytest(h)], one.filters, one.level) for one in loggers]
    yield
    for one, (handlers, filters, level) in zip(loggers, before, strict=True):
        one.handlers, one.filters = handlers + [h for h in one.handlers if _is_of_pytest(h)], filters
        one.setLevel(level)


@pytest.fixture
def lines(restored: None) -> Any:
    """Call it for what was logged since, in the form of the worker's processes."""
    worker_logs.configure("INFO")
    output = io.StringIO()
    for handler in [*logging.getLogger().handlers, *logging.getLogger("aisle").handlers]:
        handler.setStream(output)  # type: ignore[attr-defined]

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in output.getvalue().splitlines()]

    return read


def fail(error: Exception) -> None:
    try:
        raise error
    except type(error):
        logging.getLogger("celery.beat").error("Message Error: %s\n%s", error, ["a stack"], exc_info=True)


def test_an_outage_is_one_plain_line_however_often_it_is_noticed(lines: Any) -> None:
    for _ in range(3):
        fail(RedisConnectionError("Error 111 connecting to 127.0.0.1:6379"))

    assert [line["message"] for line in lines()] == ["Message Error: Error 111 connecting to 127.0.0.1:6379"]
    assert "exc_info" not in lines()[0]


def test_an_error_made_of_an_outage_is_one_too(lines: Any) -> None:
    try:
        raise RedisConnectionError("Error 111")
    except RedisConnectionError:
        fail(RuntimeError("Couldn't apply scheduled task relay: Error 111"))

    assert "exc_info" not in lines()[0]


def test_a_fault_keeps_its_traceback(lines: Any) -> None:
    fail(ZeroDivisionError("division by zero"))

    assert "ZeroDivisionError" in lines()[0]["exc_info"]


def test_the_same_warning_is_said_again_after_a_minute(lines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([1000.0, 1059.0, 1061.0])
    monkeypatch.setattr(worker_logs.time, "monotonic", lambda: next(moments))

    for number in range(3):
        logging.getLogger("celery.worker").warning("try %s", number)

    assert [line["message"] for line in lines()] == ["try 0", "try 2"]


def test_a_chore_that_fails_every_second_does_not_hide_another(lines: Any) -> None:
    log = logging.getLogger("aisle.background")
    for chore in ("relay", "relay", "sweep"):
        log.error("background work failed", extra={"chore": chore})

    assert [line["chore"] for line in lines()] == ["relay", "sweep"]


def test_each_failure_of_an_event_is_said(lines: Any) -> None:
    for _ in range(2):
        logging.getLogger("aisle.relay").warning("event %s failed", 1)

    assert len(lines()) == 2


def test_a_line_of_a_task_carries_its_name_and_id(lines: Any) -> None:
    def work() -> None:
        logging.getLogger("aisle.relay").info("at work")

    celery = Celery("test", set_as_current=False, broker="memory://")
    task = celery.task(work, name="aisle.test", shared=False)

    task.apply(task_id="the-id")
    logging.getLogger("aisle.relay").info("done")

    assert [(line.get("task"), line.get("task_id")) for line in lines()] == [("aisle.test", "the-id"), (None, None)]


def test_a_call_leaves_no_line_with_the_address_called_which_may_hold_a_secret(lines: Any) -> None:
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as client:
        client.post("https://hooks.example.com/services/T0-hidden")

    assert lines() == []


def test_that_a_task_came_and_went_is_not_said_every_second(lines: Any) -> None:
    logging.getLogger("celery.app.trace").info("Task aisle.relay succeeded")

    assert lines() == []
