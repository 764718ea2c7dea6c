"""The background loop: what is due is done, a failure ends nothing, a stop is heeded."""

import logging
import threading
import time
from collections.abc import Callable

import pytest
from flask import Flask, current_app

from app.tasks import background
from app.tasks.chores import Chore


@pytest.fixture
def bare_app() -> Flask:
    return Flask("bare")


def doing(monkeypatch: pytest.MonkeyPatch, *chores: Chore) -> None:
    monkeypatch.setattr(background, "chores", lambda: list(chores))


def stopping_after(times: int, stop: threading.Event) -> tuple[Callable[[], None], list[float]]:
    """Work that notes when it ran and sets `stop` at its last time."""
    ran: list[float] = []

    def work() -> None:
        ran.append(time.monotonic())
        if len(ran) == times:
            stop.set()

    return work, ran


def test_a_chore_runs_in_an_application_context(bare_app: Flask) -> None:
    seen: list[str] = []

    Chore("look", 1, lambda: seen.append(current_app.name)).run(bare_app)

    assert seen == ["bare"]


def test_a_chore_repeats_after_its_interval(bare_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    work, ran = stopping_after(3, stop)
    doing(monkeypatch, Chore("often", 0.05, work))

    background.run(bare_app, stop)

    assert len(ran) == 3
    assert ran[2] - ran[0] >= 0.1


def test_a_rare_chore_does_not_run_as_often_as_a_frequent_one(bare_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    often, ran_often = stopping_after(5, stop)
    ran_rarely: list[int] = []
    doing(monkeypatch, Chore("rare", 60, lambda: ran_rarely.append(1)), Chore("often", 0.01, often))

    background.run(bare_app, stop)

    assert len(ran_often) == 5
    assert len(ran_rarely) == 1


def test_a_failing_chore_is_logged_and_neither_ends_the_loop_nor_holds_up_the_others(
    bare_app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError("a poisoned row")

    stop = threading.Event()
    work, ran = stopping_after(3, stop)
    doing(monkeypatch, Chore("poisoned", 0.01, fail), Chore("sound", 0.01, work))
    monkeypatch.setattr(logging.getLogger("aisle"), "propagate", True)

    background.run(bare_app, stop)

    failures = [record for record in caplog.records if record.getMessage() == "background work failed"]
    assert len(ran) == 3
    assert len(failures) >= 2
    assert failures[0].chore == "poisoned"  # type: ignore[attr-defined]


def test_the_thread_ends_soon_after_it_is_told_to(bare_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    doing(monkeypatch, Chore("idle", 3600, lambda: None))
    thread = background.start(bare_app, stop)

    stop.set()
    thread.join(timeout=2)

    assert not thread.is_alive()
    assert thread.daemon


def test_the_loop_relays_the_outbox_every_second_and_sweeps_every_five() -> None:
    found = [(chore.name, chore.seconds) for chore in background.chores()]

    assert found == [
        ("relay", 1.0),
        ("webhooks", 1.0),
        ("sweep", 5.0),
        ("prices", 5.0),
        ("earnings", 60.0),
        ("reservations", 5.0),
        ("trolleys", 5.0),
        ("unanswered", 15.0),
        ("figures", 15.0),
        ("retention", 86_400.0),
    ]
