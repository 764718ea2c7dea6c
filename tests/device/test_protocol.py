"""What a server must answer to signed requests, whoever sends them: replays, forgeries, repeats, gaps, clashes."""

import hashlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.device.fleet import Fleet
from tests.device.wire import Wire

pytestmark = pytest.mark.xdist_group("device")


@pytest.fixture
def wire(fleet: Fleet) -> Iterator[Wire]:
    """A claimed device."""
    with Wire(fleet.url) as wire:
        yield wire.claim(fleet.claim_code())


def row(s: int, code: str = "4011") -> list[Any]:
    return [s, "a", code, 100, 0]


def test_a_good_request_is_answered(wire: Wire) -> None:
    status, answer = wire.events(row(1))

    assert status == 200
    assert list(answer) == ["v", "t", "a", "z", "st", "q", "w", "p", "r", "n"]
    assert (answer["a"], answer["r"]) == (1, [[1, 5, 0, 0]])


def test_the_same_bytes_twice_are_a_replay(wire: Wire) -> None:
    body = json.dumps({"ev": [row(1)]}).encode()
    header = wire.signed("/ev", body)
    wire.send("/ev", body, header)

    status, answer = wire.send("/ev", body, header)

    assert (status, answer["e"], answer["b"], answer["n"]) == (409, "replay", 1, 1)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"sig": "1" * 64}, 401, "sig"),
        ({"kid": 7}, 401, "sig"),
        ({"ts": 1000000000}, 401, "time"),
        ({"device_id": "00000000"}, 404, "dev"),
    ],
    ids=["forged", "unknown key", "stale", "unknown device"],
)
def test_a_bad_request_gets_its_code_and_changes_nothing(
    wire: Wire, changes: dict[str, Any], status: int, code: str
) -> None:
    refused = wire.events(row(1), **changes)

    assert (refused[0], refused[1]["e"]) == (status, code)
    assert wire.events(row(1))[1]["a"] == 1


def test_a_request_without_a_signature_is_refused(wire: Wire) -> None:
    assert wire.send("/ev", b'{"ev":[]}', None)[1]["e"] == "auth"
    assert wire.send("/ev", b'{"ev":[]}', "Bearer something")[1]["e"] == "auth"


def test_a_repeat_gets_the_stored_result(wire: Wire) -> None:
    first = wire.events(row(1), row(2))[1]

    again = wire.events(row(1), row(2))[1]

    assert again["r"] == first["r"]
    assert again["a"] == 2


def test_a_batch_that_overlaps_takes_what_is_new(wire: Wire) -> None:
    wire.events(row(1), row(2))

    assert wire.events(row(2), row(3))[1]["a"] == 3


def test_a_gap_tells_where_the_server_stands(wire: Wire) -> None:
    wire.events(row(1))

    status, answer = wire.events(row(3))

    assert (status, answer["e"], answer["a"]) == (409, "gap", 1)


def test_another_event_of_the_same_number_is_a_clash(wire: Wire) -> None:
    wire.events(row(1))

    status, answer = wire.events(row(1, code="94011"))

    assert (status, answer["e"], answer["a"]) == (409, "clash", 1)


def test_seventeen_events_and_large_bodies_are_too_big(wire: Wire) -> None:
    assert wire.events(*(row(s) for s in range(1, 18)))[0] == 413
    body = b" " * 4097
    assert wire.send("/ev", body, wire.signed("/ev", body))[1]["e"] == "big"


def test_a_body_of_another_form_is_bad(wire: Wire) -> None:
    body = b'{"ev":[[1,"a","4011",1.5,0]]}'

    assert wire.send("/ev", body, wire.signed("/ev", body))[1]["e"] == "bad"


def test_one_batch_sent_by_many_at_once_counts_once(wire: Wire) -> None:
    answers: list[Any] = []
    body = json.dumps({"ev": [row(1), row(2)]}).encode()

    def send(line: str) -> None:
        with Wire(wire.base) as one_of_many:
            answers.append(one_of_many.send("/ev", body, line))

    threads = [threading.Thread(target=send, args=(wire.signed("/ev", body),)) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {answer.get("e", "") for _, answer in answers} <= {"", "replay"}
    assert len({json.dumps(answer["r"]) for _, answer in answers if "r" in answer}) == 1
    assert wire.events(row(3))[1]["a"] == 3


def test_the_digest_of_no_bytes_signs_an_empty_body(wire: Wire) -> None:
    assert hashlib.sha256(b"").hexdigest().startswith("e3b0c442")
    assert wire.send("/pair", b"", wire.signed("/pair", b""))[1]["x"] == 120
