"""The other bodies a device sends: claim, pairing and heartbeat (smart-cart.md, B.2, B.7, B.8)."""

import re
from dataclasses import dataclass
from typing import Any

from app.domain.devices.codes import CLAIM_LENGTH, typed_code
from app.domain.devices.wire import MIN_INT, BadBody, decoded, only_keys, text, whole

MAX_BEACONS = 6
MAX_TOKEN_BYTES = 512

_BEACON = re.compile(r"[0-9a-f]{4}")
_WORD = re.compile(r"[0-9A-Za-z._:+-]{1,32}")
_WAYS_TO_PAIR: tuple[set[str], ...] = (set(), {"tok"}, {"ph"}, {"ph", "otp"})
_HEARTBEAT_NUMBERS: dict[str, tuple[int, int]] = {
    "mv": (0, 60_000),
    "ch": (0, 1),
    "rs": (-128, 0),
    "up": (0, 2**31 - 1),
    "hp": (0, 2**31 - 1),
    "g": (MIN_INT, 2**31 - 1),
    "x": (MIN_INT, 2**31 - 1),
    "y": (MIN_INT, 2**31 - 1),
    "fl": (-99, 99),
}
_HEARTBEAT_KEYS = frozenset({"fw", "hw", "b", "bc", "er", *_HEARTBEAT_NUMBERS})


@dataclass(frozen=True, slots=True)
class Claim:
    code: str
    serial: str
    hardware: str
    firmware: str


@dataclass(frozen=True, slots=True)
class PairRequest:
    """A token the trolley read off the shopper's phone, or a phone number typed on it; `otp` is the code sent to it."""

    token: str | None = None
    phone: str | None = None
    otp: str | None = None


@dataclass(frozen=True, slots=True)
class Beacon:
    beacon_id: str
    dbm: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """`battery` in percent; volts, signal, weight and place in millivolts, dBm, grams and centimetres."""

    firmware: str
    battery: int
    hardware: str | None = None
    millivolts: int | None = None
    charging: bool | None = None
    rssi: int | None = None
    uptime_s: int | None = None
    free_heap: int | None = None
    gross_g: int | None = None
    x_cm: int | None = None
    y_cm: int | None = None
    floor: int | None = None
    beacons: tuple[Beacon, ...] = ()
    last_error: str | None = None


def parse_claim(body: bytes) -> Claim:
    """`{"code","sn","hw","fw"}`, all needed. Raises BadBody."""
    document = decoded(body)
    only_keys(document, frozenset({"code", "sn", "hw", "fw"}))
    code = typed_code(text(document.get("code")), CLAIM_LENGTH)
    if code is None:
        raise BadBody("the claim code has another form")
    return Claim(code, *(_word(document.get(key)) for key in ("sn", "hw", "fw")))


def parse_pairing(body: bytes) -> PairRequest:
    """An empty body or `{}` asks for a code; `{"tok"}`, `{"ph"}` and `{"ph","otp"}` pair by phone. Raises BadBody."""
    document = decoded(body) if body else {}
    if document.keys() not in _WAYS_TO_PAIR:
        raise BadBody("a token, or a phone number and the code sent to it")
    token = text(document["tok"], MAX_TOKEN_BYTES) if "tok" in document else None
    phone = text(document["ph"]) if "ph" in document else None
    return PairRequest(token, phone, text(document["otp"]) if "otp" in document else None)


def parse_heartbeat(body: bytes) -> Heartbeat:
    """A heartbeat; only `fw` and `b` are needed. `er` is the last error, which B.4 has it report. Raises BadBody."""
    document = decoded(body)
    only_keys(document, _HEARTBEAT_KEYS)
    numbers = {key: whole(document[key], *span) for key, span in _HEARTBEAT_NUMBERS.items() if key in document}
    return Heartbeat(
        firmware=_word(document.get("fw")),
        battery=whole(document.get("b"), 0, 100),
        hardware=_word(document["hw"]) if "hw" in document else None,
        millivolts=numbers.get("mv"),
        charging=bool(numbers["ch"]) if "ch" in numbers else None,
        rssi=numbers.get("rs"),
        uptime_s=numbers.get("up"),
        free_heap=numbers.get("hp"),
        gross_g=numbers.get("g"),
        x_cm=numbers.get("x"),
        y_cm=numbers.get("y"),
        floor=numbers.get("fl"),
        beacons=_beacons(document.get("bc", [])),
        last_error=text(document["er"]) if "er" in document else None,
    )


def _beacons(rows: Any) -> tuple[Beacon, ...]:
    if not isinstance(rows, list) or len(rows) > MAX_BEACONS:
        raise BadBody("at most six beacons")
    return tuple(_beacon(row) for row in rows)


def _beacon(row: Any) -> Beacon:
    if not isinstance(row, list) or len(row) != 2 or not isinstance(row[0], str) or not _BEACON.fullmatch(row[0]):
        raise BadBody("a beacon is [4 hex digits, dBm]")
    return Beacon(row[0], whole(row[1], -128, 20))


def _word(value: object) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise BadBody("a word is missing or has other characters")
    return value
