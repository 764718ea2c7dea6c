"""News and streams with real commits: in order, none missed, none twice, whatever breaks meanwhile."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import User
from app.services.live import hub as hubs
from app.services.live import streams
from app.services.live.telling import tell
from app.transaction import transaction
from tests import factories
from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.routes.test_live import EVENTS, UPDATES, events_of

ROUNDS = 20
WRITERS = 5
PATIENCE = 10.0


@pytest.fixture
def user(live: Live) -> User:
    with Session(live.engine, expire_on_commit=False) as session:
        return factories.make_consumer(session)


@pytest.fixture
def headers(live: Live, user: User) -> dict[str, str]:
    with live.app.app_context(), Session(live.engine) as session:
        return factories.sign_in(session, user)


@pytest.fixture
def long_streams(live: Live) -> None:
    settings = live.app.extensions["settings"].model_copy(update={"live_stream_seconds": 60.0})
    live.app.extensions["settings"] = settings


def tell_of(live: Live, user: User, number: int) -> None:
    with live.app.app_context(), transaction() as session:
        tell(session, user_ids=[user.id], topic="order.changed", payload={"order_id": number})


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


class Follower:
    """A client that reads a stream in a thread of its own."""

    def __init__(self, live: Live, headers: dict[str, str], after: int | None = None) -> None:
        path = EVENTS if after is None else f"{EVENTS}?after={after}"
        self.answer = live.client().get(path, headers=headers)
        self.text = ""
        self.arrived: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        pieces = self.answer.iter_encoded()
        while not self._over.is_set() and (piece := next(pieces, None)) is not None:
            self.text += piece.decode()
            self.arrived.append(time.monotonic())

    @property
    def ids(self) -> list[int]:
        return [int(event["id"]) for event in events_of(self.text)]

    @property
    def numbers(self) -> list[int]:
        return [event["data"]["payload"]["order_id"] for event in events_of(self.text)]

    def stop(self, live: Live, user: User) -> None:
        """Hang up; a last piece of news makes the thread look."""
        self._over.set()
        tell_of(live, user, 0)
        self._thread.join(PATIENCE)
        self.answer.close()
        assert not self._thread.is_alive()


@pytest.fixture
def follow(live: Live, user: User, headers: dict[str, str], long_streams: None) -> Iterator[Callable[..., Follower]]:
    opened: list[Follower] = []

    def open_one(after: int | None = None) -> Follower:
        opened.append(Follower(live, headers, after))
        return opened[-1]

    yield open_one
    for follower in opened:
        follower.stop(live, user)


def poll_until(live: Live, headers: dict[str, str], seen: list[int], over: threading.Event) -> None:
    """Follow by asking again and again, as fast as it goes; once more after the end."""
    client, after, last = live.client(), 0, False
    while not last:
        last = over.is_set()
        data = client.get(f"{UPDATES}?after={after}&limit=3", headers=headers).json["data"]
        seen += [one["id"] for one in data["updates"]]
        after = data["last_id"]
        last = last and not data["has_more"]


def test_of_many_tellers_at_once_a_polling_client_and_a_stream_miss_nothing(
    live: Live, user: User, headers: dict[str, str], follow: Callable[..., Follower]
) -> None:
    polled: list[int] = []
    over = threading.Event()
    poller = threading.Thread(target=poll_until, args=(live, headers, polled, over))
    poller.start()
    follower = follow(0)

    for turn in range(ROUNDS):
        at_once([lambda n=turn * WRITERS + n: tell_of(live, user, n) for n in range(WRITERS)])  # type: ignore[misc]
    over.set()
    poller.join(PATIENCE)

    with Session(live.engine) as session:
        told = list(session.execute(text("SELECT id FROM live_events ORDER BY id")).scalars())
    assert len(told) == ROUNDS * WRITERS
    assert polled == told
    assert eventually(lambda: follower.ids == told)


def test_news_arrives_at_once(live: Live, user: User, follow: Callable[..., Follower]) -> None:
    follower = follow()
    tell_of(live, user, 1)
    assert eventually(lambda: follower.numbers == [1])

    told = time.monotonic()
    tell_of(live, user, 2)

    assert eventually(lambda: follower.numbers == [1, 2])
    assert follower.arrived[-1] - told < 0.5


def test_a_stream_goes_on_after_the_listening_connection_was_cut(
    live: Live, user: User, follow: Callable[..., Follower]
) -> None:
    follower = follow()
    tell_of(live, user, 1)
    assert eventually(lambda: follower.numbers == [1])

    assert cut_listeners(live) == 1
    tell_of(live, user, 2)

    assert eventually(lambda: follower.numbers == [1, 2])


def test_a_stream_outlives_a_database_that_does_not_answer(
    live: Live, user: User, follow: Callable[..., Follower], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PING_SECONDS", 0.2)
    monkeypatch.setattr(streams, "STEP_SECONDS", 0.05)
    follower = follow()
    tell_of(live, user, 1)
    assert eventually(lambda: follower.numbers == [1])

    with refusing(live):
        pings = follower.text.count(": ping")
        lived_on = eventually(lambda: follower.text.count(": ping") > pings + 2)
    tell_of(live, user, 2)

    assert lived_on
    assert eventually(lambda: follower.numbers == [1, 2])


@contextmanager
def refusing(live: Live) -> Iterator[None]:
    """For the length of a block nobody of the application gets a connection for reading."""

    def refuse(*_: Any) -> None:
        raise OperationalError("SELECT", None, Exception("nobody there"))

    with live.app.app_context():
        reads = db.engines["read"]
    event.listen(reads, "checkout", refuse)
    yield
    event.remove(reads, "checkout", refuse)


def cut_listeners(live: Live) -> int:
    with live.engine.connect() as connection:
        cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database()"
        return int(connection.execute(text(f"{cut} AND query LIKE 'LISTEN%'")).scalar_one())


def listeners(live: Live) -> int:
    with live.engine.connect() as connection:
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        return int(connection.execute(text(count)).scalar_one())


def test_streams_share_one_connection_and_hold_none_of_the_pools_while_they_wait(
    live: Live, user: User, follow: Callable[..., Follower]
) -> None:
    first, second = follow(), follow()
    tell_of(live, user, 1)
    assert eventually(lambda: first.numbers == second.numbers == [1])

    with live.app.app_context():
        held = [engine.pool.checkedout() for engine in db.engines.values()]  # type: ignore[attr-defined]

    assert listeners(live) == 1
    assert held == [0, 0]


def test_with_the_last_stream_the_connection_goes_and_with_the_next_one_comes(
    live: Live, user: User, headers: dict[str, str], long_streams: None
) -> None:
    for number in (1, 2):
        follower = Follower(live, headers)
        tell_of(live, user, number)
        arrived = eventually(lambda: bool(follower.numbers))  # noqa: B023 (called at once)
        follower.stop(live, user)

        assert arrived
        assert eventually(lambda: listeners(live) == 0)


def test_another_users_stream_is_not_woken(live: Live, user: User, headers: dict[str, str]) -> None:
    hub = hubs.Hub(live.url.replace("+psycopg", ""))
    seat, other = (hub.enter(user_id, per_process=4, per_user=2) for user_id in (user.id, user.id + 1))
    assert eventually(lambda: listeners(live) == 1)
    time.sleep(0.1)
    seat.news.clear()
    other.news.clear()

    tell_of(live, user, 1)

    assert seat.news.wait(PATIENCE)
    assert not other.news.is_set()
    hub.leave(seat)
    hub.leave(other)


def test_a_hub_that_finds_no_database_tries_again(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []

    def refuse(*given: Any, **_: Any) -> Any:
        tried.append(given)
        raise hubs.psycopg.OperationalError("nobody there")

    monkeypatch.setattr(hubs, "FIRST_PAUSE", 0.01)
    with monkeypatch.context() as patch:
        patch.setattr(hubs.psycopg, "connect", refuse)
        hub = hubs.Hub(live.url.replace("+psycopg", ""))
        seat = hub.enter(1, per_process=1, per_user=1)
        assert eventually(lambda: len(tried) >= 3)

    assert eventually(lambda: listeners(live) == 1)
    hub.leave(seat)
