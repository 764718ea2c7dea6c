"""What B.1 promises of every answer to a device, measured on the real server: size, length, one kept connection."""

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from app.config import PROJECT
from app.domain.devices.words import RefusalCode
from tests import databases
from tests.device.fleet import Fleet, open_fleet
from tests.device.shop_server import ShopServer
from tests.device.wire import Wire

pytestmark = pytest.mark.xdist_group("device")

MOST = 2**31 - 1
IMAGE = b"firmware" * 1000
SIGNATURE = "A" * 86 + "=="
BEAT = {"fw": "1.0.0", "b": 87}


@pytest.fixture
def wire(fleet: Fleet) -> Iterator[Wire]:
    with Wire(fleet.url) as wire:
        yield wire.claim(fleet.claim_code())


def pair(fleet: Fleet, wire: Wire) -> None:
    """Give the device's trolley to a new shopper."""
    headers = {"Authorization": f"Bearer {fleet.shopper_token()}"}
    code = wire.post("/pair", {})[1]["c"]
    answer = httpx.post(f"{fleet.shop}/carts/pair", json={"code": code}, headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text


def release_firmware(fleet: Fleet, version: str, **change: Any) -> int:
    """A firmware for the hardware of these devices; its number."""
    query = {"hardware": "esp32s3", "version": version, "signature": SIGNATURE}
    files = {"file": ("image.bin", IMAGE)}
    answer = httpx.post(f"{fleet.shop}/admin/firmware", params=query, files=files, headers=fleet.admin)
    assert answer.status_code == 201, answer.text
    made = int(answer.json()["data"]["id"])
    fleet.managed("PATCH", f"/firmware/{made}", **change)
    return made


def test_every_route_answers_within_its_limits_over_one_connection(fleet: Fleet, wire: Wire) -> None:
    version = "9.1.0"
    made = release_firmware(fleet, version, rollout_percent=100)

    answers = [
        wire.post("/hb", {**BEAT, "hw": "esp32s3", "mv": 3912, "g": 5231, "x": 1250, "y": 430, "fl": 0}),
        wire.post("/pair", {}),
        wire.post("/ev", {"ev": [[1, "h", "", 0, 0]]}),
        wire.get(f"/item/{fleet.items[0]}"),
        wire.get(f"/fw/{version}/meta"),
    ]
    piece = wire.get(f"/fw/{version}", Range="bytes=100-611")

    assert [status for status, _ in answers] == [200] * 5
    assert piece == (206, IMAGE[100:612])
    assert hashlib.sha256(IMAGE).hexdigest().encode() in bytes(answers[4][1])
    assert wire.line.sockets == 1
    fleet.managed("PATCH", f"/firmware/{made}", halted=True)


def test_the_largest_batch_and_two_long_notices_fit(fleet: Fleet, wire: Wire) -> None:
    pair(fleet, wire)
    first = MOST - 15
    device = f"/devices/{wire.device_id}"
    fleet.managed("POST", f"{device}/rotate")
    wire.post("/hb", BEAT)
    wire.post("/hb", {"fw": "1.0.0", "b": 3})  # its battery is as good as empty: a message waits
    events = [[first + place, "a", fleet.items[place % 8], MOST, 0] for place in range(16)]

    status, answer = wire.post("/ev", {"ev": events, "lo": first})

    assert status == 200
    assert len(answer["r"]) == 16
    assert len(answer["n"]) >= 1
    assert max(wire.sizes) > 600


def test_every_refusal_is_small_and_leaves_the_connection_open(fleet: Fleet, wire: Wire) -> None:
    pair(fleet, wire)
    with Wire(fleet.url) as stranger:
        used = fleet.claim_code()
        stranger.claim(used)
        wire.events([1, "a", "4011", 1, 0])
        sent = wire.signed("/hb", b"{}")
        wire.send("/hb", b"{}", sent)

        refused = [
            wire.post("/hb", b"no json"),
            wire.send("/hb", b"{}", None),
            wire.post("/hb", BEAT, sig="1" * 64),
            wire.post("/hb", BEAT, ts=1),
            wire.post("/hb", BEAT, device_id="ffffffff"),
            wire.send("/hb", json.dumps(BEAT).encode(), wire.signed("/hb", json.dumps(BEAT).encode(), n=1)),
            wire.events([5, "a", "4011", 1, 0]),
            wire.post("/hb", b" " * 4097),
            wire.post("/pair", {}),
            wire.events([1, "a", "94011", 1, 0]),
            stranger.send("/claim", json.dumps({"code": used, "sn": "1", "hw": "x", "fw": "1.0.0"}).encode(), None),
        ]

        assert [(status, answer["e"]) for status, answer in refused] == [
            (400, "bad"), (401, "auth"), (401, "sig"), (401, "time"), (404, "dev"), (409, "replay"), (409, "gap"),
            (413, "big"), (503, "busy"), (409, "clash"), (410, "used"),
        ]  # fmt: skip
        assert wire.line.sockets == stranger.line.sockets == 1


def test_a_suspended_device_and_one_below_the_minimum_hear_so(fleet: Fleet, wire: Wire) -> None:
    made = release_firmware(fleet, "9.2.0", is_minimum=True)
    old = wire.get(f"/item/{fleet.items[0]}")
    fleet.managed("PATCH", f"/firmware/{made}", halted=True)
    fleet.managed("PATCH", f"/devices/{wire.device_id}", status="suspended")
    off = wire.post("/hb", BEAT)

    assert (old[0], json.loads(old[1])["e"]) == (426, "fw")
    assert (off[0], off[1]["e"]) == (403, "off")


def test_what_is_no_route_and_what_is_far_too_long_is_answered_as_small(fleet: Fleet, wire: Wire) -> None:
    assert wire.post("/nowhere", {})[0] == 404
    assert wire.get("/hb")[0] == 405
    assert wire.get("/item/1")[0] == 400
    assert wire.get("/fw/1.2.3/meta")[0] == 404
    assert wire.line.sockets == 1

    assert wire.post("/hb", b" " * 100_000)[1]["e"] == "big"
    assert wire.post("/hb", BEAT)[0] == 200
    assert wire.line.sockets == 2


def test_a_locked_row_is_answered_busy(fleet: Fleet, wire: Wire) -> None:
    address = fleet.server.database_url.replace("+psycopg", "")
    with psycopg.connect(address) as holder:
        holder.execute("SELECT FROM devices WHERE device_id = %s FOR UPDATE", [wire.device_id])

        status, answer = wire.post("/hb", BEAT)

    assert (status, answer["e"]) == (503, "busy")
    assert answer["r"] > 0


def test_too_many_requests_are_told_when_to_come_again(template: str, tmp_path: Path) -> None:
    limits = {"RATE_LIMIT_ENABLED": "true", "RATE_LIMIT_DEVICE": "5 per minute"}
    with (
        databases.cloned(template) as url,
        ShopServer(url, tmp_path / "log", **limits) as server,
        open_fleet(server) as fleet,
        Wire(server.url) as wire,
    ):
        wire.claim(fleet.claim_code())

        answers = [wire.post("/hb", BEAT) for _ in range(20)]

    slow = [answer for status, answer in answers if status == 429]
    assert slow
    assert all(answer["e"] == "slow" and 0 < answer["r"] <= 61 for answer in slow)
    assert wire.line.sockets == 1


def test_a_connection_outlives_the_pauses_of_a_trolley() -> None:
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "--print-config", "--check-config"]

    printed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60).stdout

    told = dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)
    settings = {name.strip(): value.strip() for name, value in told.items()}
    assert int(settings["keepalive"]) >= 75
    assert "gthread" in settings["worker_class"]


def test_an_idle_connection_is_there_after_a_while(wire: Wire) -> None:
    """Longer than the two seconds that gunicorn keeps one unless told otherwise."""
    wire.post("/hb", BEAT)
    time.sleep(5)

    assert wire.post("/hb", BEAT)[0] == 200
    assert wire.line.sockets == 1


def test_the_codes_of_the_contract_are_all_measured_here() -> None:
    measured = Path(__file__).read_text()

    assert [code.value for code in RefusalCode if f'"{code.value}"' not in measured] == []
