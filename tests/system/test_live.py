"""Streams of news from the real server: quick, resumable, in nobody's way, and gone with the server."""

import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from app.services.seed.people import DEMO_USERS
from tests.system.shop_process import ShopProcess, still_alive

pytestmark = pytest.mark.alone

EVENTS = "/api/v1/me/events"
UPDATES = "/api/v1/me/updates"
WORKERS, PER_PROCESS = 2, 4
PATIENCE = 10.0
TELL = "INSERT INTO live_events (user_id, topic, payload) VALUES (%s, 'order.changed', %s) RETURNING id"


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="aisle-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def shop(data_dir: Path) -> Iterator[ShopProcess]:
    with ShopProcess(data_dir) as opened:
        yield opened


class Person:
    """A signed-in person of the demo shop."""

    def __init__(self, shop: ShopProcess, number: int = 0) -> None:
        someone = DEMO_USERS[number]
        form = {"email": someone.email, "password": someone.password}
        data = httpx.post(f"{shop.base}/api/v1/auth/login", json=form, timeout=10).json()["data"]
        self.headers = {"Authorization": f"Bearer {data['access_token']}"}
        self.id = httpx.get(f"{shop.base}/api/v1/me", headers=self.headers, timeout=10).json()["data"]["id"]


def tell(shop: ShopProcess, person: Person, *numbers: int) -> list[int]:
    """News for a person, each in a transaction of its own."""
    address = f"postgresql://postgres:@/aisle?host={shop.data_dir / 'postgres'}"
    with psycopg.connect(address, autocommit=True) as connection:
        told = [connection.execute(TELL, [person.id, json.dumps({"order_id": n})]).fetchone() for n in numbers]
    return [row[0] for row in told if row]


class Stream:
    """An open stream, read in a thread of its own as the pieces come."""

    def __init__(self, shop: ShopProcess, person: Person, last_id: int | None = None) -> None:
        self.client = httpx.Client(base_url=shop.base, timeout=30)
        headers = {**person.headers, **({} if last_id is None else {"Last-Event-ID": str(last_id)})}
        request = self.client.build_request("GET", EVENTS, headers=headers)
        self.response = self.client.send(request, stream=True)
        self.ids: list[int] = []
        self.numbers: list[int] = []
        self.arrived = 0.0
        self.thread = threading.Thread(target=self._read)
        if self.response.status_code == 200:
            self.thread.start()

    def _read(self) -> None:
        try:
            for line in self.response.iter_lines():
                if line.startswith("data: "):
                    update: dict[str, Any] = json.loads(line.removeprefix("data: "))
                    self.ids.append(update["id"])
                    self.numbers.append(update["payload"]["order_id"])
                    self.arrived = time.monotonic()
        except (httpx.HTTPError, httpx.StreamError):
            pass  # cut off, by us or by the end of the server

    def drop(self) -> None:
        """Break the connection off, as a phone in a tunnel does; works while the thread reads."""
        stream = self.response.extensions["network_stream"]
        stream.get_extra_info("socket").shutdown(2)
        self.thread.join(PATIENCE)
        self.client.close()
        assert not self.thread.is_alive()


@pytest.fixture
def streams(shop: ShopProcess) -> Iterator[Callable[..., Stream]]:
    with ExitStack() as open_ones:

        def open_one(person: Person, last_id: int | None = None) -> Stream:
            stream = Stream(shop, person, last_id)
            open_ones.callback(stream.client.close)
            return stream

        yield open_one
        shop.process.terminate()  # which ends every stream
        shop.process.wait(30)


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def test_news_arrives_within_a_second(shop: ShopProcess, streams: Callable[..., Stream]) -> None:
    person = Person(shop)
    stream = streams(person)
    tell(shop, person, 1)
    assert eventually(lambda: stream.numbers == [1])

    told = time.monotonic()
    tell(shop, person, 2)

    assert eventually(lambda: stream.numbers == [1, 2])
    assert stream.arrived - told < 1


def test_dropped_again_and_again_a_stream_resumes_without_loss_and_without_doubles(
    shop: ShopProcess, streams: Callable[..., Stream]
) -> None:
    person = Person(shop)
    told = tell(shop, person, 0)
    seen = list(told)

    for turn in range(8):
        stream = streams(person, seen[-1])
        assert stream.response.status_code == 200, turn
        told += tell(shop, person, turn)
        if turn % 2:
            assert eventually(lambda: bool(stream.ids))  # noqa: B023 (called at once)
        stream.drop()
        seen += stream.ids
        told += tell(shop, person, turn)
        time.sleep(1.2)  # the server looks once a second whether its client is still there
    last = streams(person, seen[-1])

    assert eventually(lambda: seen + last.ids == told)
    polled = httpx.get(f"{shop.base}{UPDATES}?after={told[0]}", headers=person.headers, timeout=10).json()["data"]
    assert [one["id"] for one in polled["updates"]] == told[1:]


def test_with_every_stream_taken_ordinary_requests_are_answered_promptly_and_ctrl_c_ends_it_all(
    shop: ShopProcess, streams: Callable[..., Stream]
) -> None:
    people = [Person(shop, number) for number in range(4)]
    answers = [streams(people[turn % 4]) for turn in range(60)]
    taken = [stream for stream in answers if stream.response.status_code == 200]
    refused = [stream.response for stream in answers if stream.response.status_code != 200]
    everybody = [*shop.web_processes(), shop.postgres()]

    slowest = max(timed(lambda: shop.get("/api/v1/catalog/products?limit=5")) for _ in range(40))
    listed = httpx.get(shop.base + UPDATES, headers=people[0].headers, timeout=10)
    shop.ctrl_c()
    seconds_to_close = timed(lambda: shop.process.wait(30))

    assert len(taken) == WORKERS * PER_PROCESS
    assert {response.status_code for response in refused} == {503}
    assert listed.status_code == 200
    assert slowest < 1
    assert seconds_to_close < 10
    assert still_alive(everybody, seconds=0) == []
    assert eventually(lambda: not any(stream.thread.is_alive() for stream in taken))


def timed(call: Callable[[], Any]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started
