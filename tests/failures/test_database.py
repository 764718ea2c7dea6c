"""PostgreSQL dies and comes back, is restarted, or goes silent: what is answered, and how soon all is well again."""

import json
import threading
import time

import httpx
import pytest

from scripts.parts.child import await_that
from tests.failures.house import THREADS, WORKERS, House, Shopper, at_once

pytestmark = pytest.mark.alone

UNREACHABLE = "SERVICE_UNAVAILABLE"
TELL = "INSERT INTO live_events (user_id, topic, payload) VALUES (%s, 'order.changed', %s) RETURNING id"


class Stream:
    """A shopper's open stream of news, read in a thread of its own."""

    def __init__(self, house: House, shopper: Shopper) -> None:
        self.topics: list[str] = []
        self._client = httpx.Client(base_url=house.web.url, timeout=60)
        request = self._client.build_request("GET", "/api/v1/me/events", headers=shopper.headers)
        self._response = self._client.send(request, stream=True)
        assert self._response.status_code == 200
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def is_open(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        self._client.close()

    def _read(self) -> None:
        try:
            for line in self._response.iter_lines():
                if line.startswith("event: "):
                    self.topics.append(line)
        except (httpx.HTTPError, httpx.StreamError):
            pass


def test_while_the_database_is_dead_all_say_so_soon_and_all_is_well_soon_after_its_return(house: House) -> None:
    buyer, reader = house.shopper(), house.shopper()
    user_id = reader.ask("GET", "/me").data["id"]
    stream = Stream(house, reader)

    house.postgres.kill()
    refused = [house.browse(), buyer.fill(), buyer.confirm(), reader.ask("GET", "/orders"), house.get("/readyz")]
    crowd = [each.result() for each in at_once(*[house.browse] * 40)]
    alive, metrics = house.get("/livez"), house.get("/metrics")
    house.postgres.start()
    reading = house.first_success(house.browse)
    writing = house.first_success(buyer.fill)
    order = buyer.bought()
    news = house.postgres.ask(TELL, user_id, json.dumps({"order_id": 1}))
    house.postgres.ask("SELECT pg_notify('aisle_live', %s)", str(user_id))
    began = time.monotonic()
    await_that(lambda: stream.topics, "news in the stream", 30)
    told = time.monotonic() - began
    await_that(lambda: len(house.outside.mails_to(buyer.email)) == 2, "mails of the background loop", 30)

    assert {(answer.status, answer.code) for answer in [*refused, *crowd]} == {(503, UNREACHABLE)}
    assert max(answer.seconds for answer in [*refused, *crowd]) < 3
    assert (alive.status, metrics.status) == (200, 200)
    assert "The database does not answer" in refused[-1].http.text
    assert max(reading, writing) < 5
    assert order["order_number"]
    assert news
    assert told < 5
    assert stream.is_open()
    stream.close()


def test_nobody_notices_a_restart_between_two_requests(house: House, alone: House) -> None:
    shopper = alone.shopper()
    warm = [each.result() for each in at_once(*[alone.browse, shopper.fill] * THREADS)]

    house.postgres.stop()
    house.postgres.start()
    answers = [each.result() for each in at_once(*[alone.browse, shopper.fill] * THREADS)]

    assert {answer.status for answer in warm} == {200, 201}
    assert {answer.status for answer in answers} == {200, 201}, [answer.http.text for answer in answers]


def test_a_database_that_goes_silent_blocks_those_on_their_way_and_nobody_after_them(house: House) -> None:
    shopper = house.shopper()
    crowd_size = 3 * WORKERS * THREADS

    house.database.silence()
    crowd = at_once(*[house.browse] * crowd_size)
    time.sleep(4)
    alive = [house.get("/livez") for _ in range(6)]
    ready = house.get("/readyz")
    late = [house.browse() for _ in range(6)]
    house.database.mend()
    reading = house.first_success(house.browse)
    answers = [each.result() for each in crowd]
    writing = house.first_success(shopper.fill)

    assert {answer.status for answer in alive} == {200}
    assert max(answer.seconds for answer in alive) < 2
    assert (ready.status, ready.code) == (503, UNREACHABLE)
    assert max(answer.seconds for answer in (ready, *late)) < 8
    assert {(answer.status, answer.code) for answer in late} <= {(503, UNREACHABLE), (503, "BUSY")}
    assert {answer.status for answer in answers} == {200, 503}
    assert max(reading, writing) < 5
