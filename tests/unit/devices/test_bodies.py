"""Claims, pairings and heartbeats are read with bounds."""

import json

import pytest

from app.domain.devices.bodies import Beacon, Claim, Heartbeat, PairRequest, parse_claim, parse_heartbeat, parse_pairing
from app.domain.devices.wire import BadBody

CLAIM = {"code": "7k3m-9qtv", "sn": "24:6f:28:aa:bb:cc", "hw": "esp32s3", "fw": "1.4.2"}
HEARTBEAT = (
    b'{"fw":"1.4.2","hw":"esp32s3","b":87,"mv":3912,"ch":0,"rs":-61,"up":8123,"hp":142000,"g":5231,'
    b'"x":1250,"y":430,"fl":0,"bc":[["b17f",-62]]}'
)


def test_a_claim_is_read() -> None:
    assert parse_claim(json.dumps(CLAIM).encode()) == Claim("7K3M9QTV", "24:6f:28:aa:bb:cc", "esp32s3", "1.4.2")


@pytest.mark.parametrize(
    "change", [{"code": "7K3M"}, {"code": None}, {"sn": ""}, {"sn": "x" * 33}, {"hw": "<b>"}, {"fw": 1}, {"more": 1}]
)
def test_a_claim_of_another_form_is_bad(change: dict[str, object]) -> None:
    with pytest.raises(BadBody):
        parse_claim(json.dumps(CLAIM | change).encode())


def test_pairing_asks_for_a_code_or_brings_a_proof() -> None:
    assert parse_pairing(b"") == parse_pairing(b"{}") == PairRequest()
    assert parse_pairing(b'{"tok":"abc"}') == PairRequest(token="abc")
    assert parse_pairing(b'{"ph":"+919812345678"}') == PairRequest(phone="+919812345678")


@pytest.mark.parametrize(
    "body", [b'{"tok":"a","ph":"1"}', b'{"tok":1}', b'{"x":1}', b"[]", b'{"ph":"%s"}' % (b"1" * 41)]
)
def test_a_pairing_of_another_form_is_bad(body: bytes) -> None:
    with pytest.raises(BadBody):
        parse_pairing(body)


def test_the_heartbeat_of_the_contract_is_read() -> None:
    beat = parse_heartbeat(HEARTBEAT)

    assert beat == Heartbeat(
        "1.4.2", 87, "esp32s3", 3912, False, -61, 8123, 142000, 5231, 1250, 430, 0, (Beacon("b17f", -62),)
    )


def test_only_firmware_and_battery_are_needed() -> None:
    assert parse_heartbeat(b'{"fw":"1.4.2","b":0}') == Heartbeat("1.4.2", 0)


@pytest.mark.parametrize(
    "change",
    [
        {"b": 101},
        {"b": -1},
        {"fw": None},
        {"ch": 2},
        {"rs": 1},
        {"mv": -1},
        {"fl": 100},
        {"bc": [["b17f", -62]] * 7},
        {"bc": [["B17F", -62]]},
        {"bc": [["b17f"]]},
        {"bc": ["b17f"]},
        {"bc": [[1, 2]]},
        {"er": "x" * 41},
        {"hw": 7},
        {"zz": 1},
    ],
)
def test_a_heartbeat_of_another_form_is_bad(change: dict[str, object]) -> None:
    with pytest.raises(BadBody):
        parse_heartbeat(json.dumps(json.loads(HEARTBEAT) | change).encode())
