"""Seats before a service outside: who waits for one, and who does not."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.clients import seats
from app.clients.seats import Seats
from app.clients.stripe_payments import StripePayments
from app.config import Settings
from tests.clients.scripted import Reply, Scripted


@contextmanager
def hanging(places: Seats, number: int) -> Iterator[None]:
    """So many callers that sit and do not leave until the end of the block."""
    over, seated = threading.Event(), threading.Semaphore(0)

    def sit() -> None:
        with places.taken():
            seated.release()
            over.wait(10)

    threads = [threading.Thread(target=sit) for _ in range(number)]
    for thread in threads:
        thread.start()
        assert seated.acquire(timeout=10)
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def seconds_to_sit(places: Seats) -> tuple[bool, float]:
    began = time.monotonic()
    with places.taken() as seated:
        return seated, time.monotonic() - began


def test_a_free_seat_is_taken_at_once() -> None:
    places = Seats(2)

    with hanging(places, 1):
        seated, seconds = seconds_to_sit(places)

    assert seated
    assert seconds < 0.5


def test_behind_callers_who_do_not_leave_nobody_waits_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seats, "STALLED", 0.2)
    places = Seats(2)

    with hanging(places, 2):
        first = seconds_to_sit(places)
        second = seconds_to_sit(places)

    assert not first[0]
    assert not second[0]
    assert first[1] < 2
    assert second[1] < 0.1
    assert seconds_to_sit(places)[0]


def test_where_others_come_and_go_one_waits_for_a_seat() -> None:
    places = Seats(1)
    leaving = threading.Event()

    def sit() -> None:
        with places.taken():
            leaving.wait(10)

    thread = threading.Thread(target=sit)
    thread.start()
    threading.Timer(0.2, leaving.set).start()
    seated, _ = seconds_to_sit(places)
    thread.join()

    assert seated


def test_there_is_always_one_seat() -> None:
    assert seconds_to_sit(Seats(0))[0]


def test_the_provider_is_not_asked_while_hanging_calls_have_taken_every_seat(
    provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seats, "STALLED", 0.1)
    provider.will(Reply(silent=True), Reply(200, {"id": "pi_1"}))
    settings = Settings(stripe_api_base=provider.url, stripe_secret_key="sk_test", web_threads=3)
    client = StripePayments(settings)
    first = threading.Thread(target=client.find, kwargs={"reference": "pay_1"})

    first.start()
    while not provider.seen:
        time.sleep(0.01)
    time.sleep(0.2)
    outcome, asked = client.find(reference="pay_2"), len(provider.seen)
    provider.over.set()
    first.join()
    client.close()

    assert outcome.status == "unknown"
    assert asked == 1
