"""What a trolley makes of the Bluetooth beacons it hears."""

import importlib
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from app.domain.devices.bodies import parse_heartbeat

SETTINGS = SimpleNamespace(BEACON_PREFIX="c0a15e00")


class Radio:
    """Stands for the Bluetooth module of the board."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def active(self, on: bool) -> None:
        self.calls.append(("active", on))

    def irq(self, call: Any) -> None:
        self.tell = call

    def gap_scan(self, *how: int) -> None:
        self.calls.append(("scan", *how))


@pytest.fixture
def radio(monkeypatch: pytest.MonkeyPatch) -> Radio:
    radio = Radio()
    module = ModuleType("bluetooth")
    module.BLE = lambda: radio  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "bluetooth", module)
    monkeypatch.delitem(sys.modules, "clients.esp32.lib.beacons", raising=False)
    return radio


def hears(radio: Radio, address: str, strength: int, event: int = 5) -> None:
    radio.tell(event, (0, memoryview(bytes.fromhex(address)), 0, strength, b""))


def test_the_six_nearest_of_the_shop_are_told_once_in_a_form_the_server_takes(radio: Radio) -> None:
    beacons: Any = importlib.import_module("clients.esp32.lib.beacons").Beacons(SETTINGS)
    for number in range(8):
        hears(radio, f"c0a15e000a0{number}", -90 + number)
    hears(radio, "c0a15e000a00", -40)
    hears(radio, "aabbccdd0b01", -10)
    hears(radio, "c0a15e000bff", -10, event=6)

    told = beacons.read()

    assert told == {"bc": [["0a00", -40], ["0a07", -83], ["0a06", -84], ["0a05", -85], ["0a04", -86], ["0a03", -87]]}
    assert beacons.read() == {}
    body = str({"fw": "1.0.0", "b": 87, **told}).replace("'", '"').encode()
    assert len(parse_heartbeat(body).beacons) == 6
    assert ("active", True) in radio.calls
