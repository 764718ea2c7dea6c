"""What the client does with every answer of a server."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.domain.enums import DeviceStatus, TrolleyState
from clients.esp32.lib.queue import Queue
from clients.esp32.lib.sc1 import Client, mac
from tests.device.fleet import Fleet
from tests.device.test_queue import Flash, pushed, started
from tests.unit.devices.vectors import DEVICE, KEY, VECTORS

pytestmark = pytest.mark.xdist_group("device")

VECTOR = VECTORS["requests"][0]


@pytest.fixture(autouse=True)
def _closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hangs up for every client of a test."""
    clients: list[Any] = []
    connect = Client.connect

    def noted(client: Any) -> None:
        clients.append(client)
        connect(client)

    monkeypatch.setattr(Client, "connect", noted)
    yield
    for client in clients:
        client.close()


def client_of(fleet: Fleet, flash: Flash | None = None, clock: Callable[[], float] = time.time) -> Any:
    """A client after a start; a new one claims its name first."""
    client = Client(fleet.url, started(flash or Flash()), None, clock, lambda: 1.0)
    if not client.queue.kid:
        assert client.claim(fleet.claim_code(), "00:11:22:33:44:55", "esp32s3", "1.0.0") == 201
    return client


def device_of(fleet: Fleet, client: Any) -> Any:
    """Its row in the database."""
    return fleet.device(client.queue.id.decode())


def trolley_of(fleet: Fleet, client: Any) -> Any:
    [row] = fleet.rows("SELECT * FROM trolleys WHERE id = %s", device_of(fleet, client).trolley_id)
    return row


def holes_of(fleet: Fleet, client: Any) -> list[tuple[int, int]]:
    """First and last of the events given up as lost."""
    rows = fleet.rows(
        "SELECT details FROM trolley_incidents WHERE kind = 'lost_events' AND device_id = %s",
        device_of(fleet, client).id,
    )
    return [(row.details["first"], row.details["last"]) for row in rows]


def beat(client: Any) -> tuple[int, Any]:
    status, answer = client.call("POST", "/hb", {"fw": "1.0.0", "b": 87})
    return status, answer


@pytest.mark.parametrize("case", VECTORS["hmac_sha256"], ids=lambda case: case["source"])
def test_the_clients_hmac_is_that_of_the_standard(case: dict[str, str]) -> None:
    assert mac(bytes.fromhex(case["key_hex"]), bytes.fromhex(case["data_hex"])).hex() == case["mac"]


def test_the_client_signs_as_the_contract_has_it() -> None:
    queue = started(Flash())
    queue.id, queue.kid, queue.key, queue.boot = DEVICE.encode(), 1, KEY, VECTOR["boot"]
    client = Client("http://x/api/v1/device", queue, None, lambda: VECTOR["ts"], lambda: 0)
    client.n = VECTOR["n"] - 1

    line = client.authorization(VECTOR["method"], VECTOR["path"], VECTOR["body"].encode())

    assert line == f"SC1 {DEVICE}.1.{VECTOR['ts']}.1.2.{VECTOR['sig']}"


def test_the_client_rotates_as_the_contract_has_it() -> None:
    queue = started(Flash())
    queue.id, queue.kid, queue.key = DEVICE.encode(), 1, KEY
    client = Client("http://x/", queue, None, time.time, lambda: 0)

    for _ in range(2):
        client.rotate(2, VECTORS["rotation"]["nonce"])

    assert (queue.kid, queue.key.hex()) == (2, VECTORS["rotation"]["key_hex"])
    assert Queue(queue.flash).key == queue.key


def test_a_claim_code_is_good_once(fleet: Fleet) -> None:
    code = fleet.claim_code()
    one, two = (Client(fleet.url, started(Flash()), None, time.time, lambda: 0) for _ in range(2))

    assert one.claim(code, "a", "b", "c") == 201
    assert two.claim(code, "a", "b", "c") == 410
    assert two.queue.kid == 0
    assert beat(one)[0] == 200


@pytest.mark.parametrize("key", ["", "00" * 31, "00" * 33, "zz" * 32])
def test_a_key_of_another_form_is_never_kept(key: str) -> None:
    flash = Flash()
    client = Client("http://x/", started(flash), None, time.time, lambda: 0)
    client.call = lambda *_: (201, {"id": DEVICE, "k": 1, "key": key, "t": 1})

    with contextlib.suppress(ValueError):
        assert client.claim("7K3M9QTV", "a", "b", "c") != 201

    assert Queue(flash).kid == 0


@pytest.mark.parametrize("skew", [-(10**6), -301, 0, 301, 10**6])
def test_a_wrong_clock_is_set_by_the_server(fleet: Fleet, skew: int) -> None:
    client = client_of(fleet, clock=lambda: time.time() + skew)
    client.offset = None
    assert client.now() == 0

    assert beat(client)[0] == 200
    assert abs(client.now() - time.time()) < 2


def test_a_clock_that_starts_in_2000_is_set_by_the_server(fleet: Fleet) -> None:
    start = time.time()
    client = client_of(fleet, clock=lambda: time.time() - start)
    client.offset = None

    assert beat(client)[0] == 200


def test_a_restart_that_forgot_its_boot_number_goes_on_from_the_servers(fleet: Fleet) -> None:
    client = client_of(fleet)
    client.queue.boot = 40
    assert beat(client)[0] == 200
    client.queue.boot, client.n = 3, 0

    assert beat(client)[0] == 200
    assert client.queue.boot == 40
    assert Queue(client.queue.flash).boot == 40


def test_events_are_sent_sixteen_at_a_time_over_one_connection(fleet: Fleet) -> None:
    client = client_of(fleet)
    pushed(client.queue, 40)

    sizes = [len(client.deliver()[1]["r"]) for _ in range(3)]

    assert sizes == [16, 16, 8]
    assert client.deliver() == (200, None)
    assert client.sockets == 1


def test_a_lost_answer_is_asked_for_again_without_a_second_effect(fleet: Fleet) -> None:
    client = client_of(fleet)
    pushed(client.queue, 3)
    client.deliver()
    client.queue.settle(0)

    status, answer = client.deliver()

    assert (status, answer["a"], len(answer["r"])) == (200, 3, 3)
    assert device_of(fleet, client).last_seq == 3


def test_a_gap_is_filled_from_where_the_server_stands(fleet: Fleet) -> None:
    client = client_of(fleet)
    pushed(client.queue, 5)
    client.queue.settle(3)

    assert client.deliver()[1]["e"] == "gap"
    assert client.deliver()[1]["a"] == 5
    assert holes_of(fleet, client) == []


def test_a_hole_is_admitted_and_written_down(fleet: Fleet) -> None:
    client = client_of(fleet)
    pushed(client.queue, 5)
    client.queue.drop(1)
    client.queue.drop(2)

    assert client.deliver()[1]["a"] == 5
    assert holes_of(fleet, client) == [(1, 2)]


def test_a_clash_leaves_what_the_server_has(fleet: Fleet) -> None:
    client = client_of(fleet)
    pushed(client.queue, 2)
    client.deliver()
    other = Client(fleet.url, started(Flash()), None, time.time, lambda: 0)
    other.queue.id, other.queue.kid, other.queue.key = client.queue.id, 1, client.queue.key
    other.queue.boot = 50
    other.queue.push("a", "94011", 5, 5)

    assert other.deliver()[1]["e"] == "clash"
    assert other.queue.next == 3
    assert trolley_of(fleet, client).state == TrolleyState.MAINTENANCE


def test_a_batch_the_server_refuses_is_halved_until_the_bad_event_is_dropped() -> None:
    queue = started(Flash())
    pushed(queue, 8)
    client = Client("http://x/", queue, None, time.time, lambda: 0)
    taken: list[int] = []

    def call(method: str, path: str, doc: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        numbers = [event[0] for event in doc["ev"]]
        if 5 in numbers:
            return 400, {"e": "bad"}
        last = taken[-1] if taken else 0
        if numbers[0] != doc.get("lo", last + 1):
            return 409, {"e": "gap", "a": last}
        taken.extend(numbers)
        return 200, {"a": numbers[-1]}

    client.call = call
    while client.deliver()[1] is not None:
        pass

    assert sorted(set(taken)) == [1, 2, 3, 4, 6, 7, 8]


def test_a_key_is_rotated_by_a_notice_and_the_old_one_dies(fleet: Fleet) -> None:
    client = client_of(fleet)
    old = client.queue.key
    fleet.managed("POST", f"/devices/{device_of(fleet, client).device_id}/rotate")

    notice = beat(client)[1]["n"][0]
    assert beat(client)[1]["n"] == [notice]
    client.rotate(*notice[1:])

    assert beat(client)[1]["n"] == []
    client.queue.kid, client.queue.key = 1, old
    assert beat(client)[1]["e"] == "sig"


@pytest.mark.parametrize("status", [DeviceStatus.REVOKED, DeviceStatus.SUSPENDED, DeviceStatus.LOST])
def test_a_revoked_device_hears_off_at_once(fleet: Fleet, status: DeviceStatus) -> None:
    client = client_of(fleet)
    fleet.managed("PATCH", f"/devices/{device_of(fleet, client).device_id}", status=status)

    assert beat(client)[0] == 403


def test_a_server_that_came_back_is_found_on_a_new_connection(fleet: Fleet) -> None:
    client = client_of(fleet)
    beat(client)

    fleet.server.restart()

    assert beat(client)[0] == 200
    assert client.sockets == 2


def test_a_server_that_is_away_is_status_nought() -> None:
    client = Client("http://127.0.0.1:9/api/v1/device", started(Flash()), None, time.time, lambda: 0)

    assert client.call("GET", "/item/1") == (0, {})


def test_waits_double_up_to_a_minute_and_half_of_each_is_chance() -> None:
    client = Client("http://x/", started(Flash()), None, time.time, lambda: 1.0)

    assert [client.later(True) for _ in range(8)] == [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]
    assert client.later(False) == 0
    client.dice = lambda: 0
    assert client.later(True) == 500


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b" " * 2000,
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"v":1',
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
    ],
    ids=["nothing", "garbage", "no length", "too long", "no number", "cut off", "chunked", "no json"],
)
def test_an_answer_of_another_form_is_none(answer: bytes, one_answer: Callable[[bytes], str]) -> None:
    client = Client(one_answer(answer) + "/api", started(Flash()), None, time.time, lambda: 0)

    assert client.call("GET", "/item/1") == (0, {})


def test_a_certificate_is_checked(https: tuple[str, bytes, bytes]) -> None:
    url, own, foreign = https
    good, bad = (Client(url, started(Flash()), ca, time.time, lambda: 0) for ca in (own, foreign))

    assert good.call("GET", "/item/1") == (200, {"v": 1})
    assert bad.call("GET", "/item/1") == (0, {})
    good.close()


def test_a_name_the_certificate_does_not_have_is_refused(https: tuple[str, bytes, bytes]) -> None:
    url, own, _ = https
    client = Client(url.replace("localhost", "127.0.0.1"), started(Flash()), own, time.time, lambda: 0)

    assert client.call("GET", "/item/1") == (0, {})
