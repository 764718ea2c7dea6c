"""The parts of the benchmark: the load generator counts what it is told and passes on what is wrong."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.domain.search_text import one_character_deletions
from scripts.bench.cases.recall import damaged
from scripts.bench.figures import Figure, at_least
from scripts.bench.filling.goods import categories, made
from scripts.bench.rounds import Round, against_floor
from scripts.bench.traffic import Driver, Job, Load, http, turned
from scripts.drills.running import PromiseBroken

SCRIPT = [http("GET", "/a"), http("POST", "/b", body={"n": 1}), http("GET", "/c")]


@contextmanager
def server(status: int = 200) -> Iterator[tuple[int, list[str]]]:
    """The port of a server that answers everything with one status, and the addresses it is asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", "7")
            self.end_headers()
            self.wfile.write(b"nothing")

        do_GET = do_POST = _answer  # noqa: N815 (the names http.server looks for)

        def log_message(self, *_: object) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield int(listener.server_address[1]), asked
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    with Driver() as driver:
        yield driver


def test_a_script_without_a_time_is_sent_once_and_in_its_order(driver: Driver) -> None:
    with server() as (port, asked):
        load = driver.drive(Job(port, [SCRIPT], None, keep=1))

    assert asked == ["/a", "/b", "/c"]
    assert load.answered == len(load.ms) == load.statuses[200] == 3
    assert load.bodies == [b"nothing"]


def test_scripts_with_a_time_are_sent_again_and_again_by_every_connection(driver: Driver) -> None:
    with server() as (port, asked):
        load = driver.drive(Job(port, turned(SCRIPT, 3), 0.2))

    assert load.answered == len(asked) > len(SCRIPT) * 3
    assert load.seconds >= 0.2
    assert {asked.count(path) > 1 for path in ("/a", "/b", "/c")} == {True}


def test_a_status_nobody_expected_ends_the_run_with_its_answer(driver: Driver) -> None:
    with server(503) as (port, asked), pytest.raises(PromiseBroken, match=r"503 .*nothing"):
        driver.drive(Job(port, [SCRIPT], None))

    assert asked == ["/a"]


def test_a_server_that_is_not_there_ends_the_run(driver: Driver) -> None:
    with server() as (port, _):
        pass

    with pytest.raises(PromiseBroken, match="ConnectionRefusedError"):
        driver.drive(Job(port, [SCRIPT], 0.1))


def test_a_share_is_taken_round_by_round_and_its_middle_counts() -> None:
    floors, ours = (100, 200, 50), (80, 100, 45)
    rounds = {
        name: [Round(Load(1.0, rate, [1.0, 2.0]), 0.5, 0.25) for rate in rates]
        for name, rates in (("floor", floors), ("ours", ours))
    }

    figure = against_floor("case", "title", rounds, at_least(0.8))

    assert figure.value == 0.8
    assert figure.spread == (0.5, 0.9)
    assert figure.verdict == "met"
    assert figure.ours is not None
    assert (figure.ours.rate, figure.ours.answers) == (80, 225)
    assert figure.ours.app_ms == pytest.approx(500 / 80)


def test_what_a_figure_has_none_of_is_not_in_its_json() -> None:
    assert Figure("case", "title", 0.0, "x").as_json() == {"case": "case", "title": "title", "value": 0.0, "unit": "x"}


def test_a_damaged_word_is_one_typo_away_from_what_was_meant() -> None:
    chance = random.Random(1)

    for word in ("marmalade", "tomatoes", "cheddar", "aabb") * 50:
        typed = damaged(word, chance)

        assert typed != word
        assert ({word} | one_character_deletions(word)) & ({typed} | one_character_deletions(typed))


def test_the_same_number_of_products_is_the_same_range() -> None:
    few = list(made(500))

    assert few == list(made(500))
    assert {one.category for one in few} == set(range(len(categories())))
    assert len({one.name for one in few}) > 450
