"""What a server must answer to signed requests, whoever sends them: replays, forgeries, repeats, gaps, clashes."""

import hashlib
import http.client
import json
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.domain.devices.signing import Request, SignedHeader, shown_header, signature
from tests.device.fleet import Fleet

pytestmark = pytest.mark.xdist_group("device")

ZERO = "0" * 64


@dataclass
class Wire:
    """A device by hand: its name and key, and what to put into each request."""

    fleet: Fleet
    device_id: str = "00000000"
    key: bytes = b""
    n: int = 0
    heads: list[int] = field(default_factory=list)

    def send(self, path: str, body: bytes, authorization: str | None) -> tuple[int, dict[str, Any]]:
        """Status and answer of one request; holds every answer against the limits of B.1."""
        address = urlsplit(self.fleet.url)
        connection = http.client.HTTPConnection(address.netloc, timeout=10)
        headers = {"Content-Type": "application/json"} | ({"Authorization": authorization} if authorization else {})
        connection.request("POST", address.path + path, body, headers)
        answer = connection.getresponse()
        raw = answer.read()
        connection.close()
        head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders())
        assert len(raw) <= 1024
        assert head <= 256
        assert answer.getheader("Content-Length") == str(len(raw))
        return answer.status, json.loads(raw)

    def signed(self, path: str, body: bytes, **changes: Any) -> str:
        """The header for a request, the next number unless told otherwise."""
        self.n += 1
        header = SignedHeader(self.device_id, 1, int(time.time()), 1, self.n, ZERO)
        header = replace(header, **changes)
        if header.sig == ZERO:
            request = Request("POST", urlsplit(self.fleet.url).path + path, body)
            header = replace(header, sig=signature(self.key, request, header))
        return shown_header(header)

    def events(self, *rows: list[Any], **changes: Any) -> tuple[int, dict[str, Any]]:
        body = json.dumps({"ev": list(rows)}).encode()
        return self.send("/ev", body, self.signed("/ev", body, **changes))


@pytest.fixture
def wire(fleet: Fleet) -> Wire:
    """A claimed device."""
    wire = Wire(fleet)
    claim = {"code": fleet.claim_code(), "sn": "00:11", "hw": "esp32s3", "fw": "1.0.0"}
    status, answer = wire.send("/claim", json.dumps(claim).encode(), None)
    assert status == 201
    wire.device_id, wire.key = answer["id"], bytes.fromhex(answer["key"])
    return wire


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
        answers.append(wire.send("/ev", body, line))

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
