"""The threads that send webhooks, where the system gives no more threads."""

import threading

import pytest
from flask import Flask

from app.tasks.senders import SENDERS, Senders


def test_a_thread_that_could_not_start_takes_nobodys_place(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    ran = threading.Event()
    senders = Senders()
    monkeypatch.setattr(senders, "_lease", ran.set)
    with monkeypatch.context() as exhausted:
        exhausted.setattr(threading.Thread, "start", refuse)
        for _ in range(SENDERS):
            senders.call(app)

    senders.call(app)

    assert ran.wait(5)
    assert senders.join(5)
