"""What a device is answered, to the byte (smart-cart.md, B.4 to B.8). Prices in minor units, weights in grams."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.domain.devices.events import MAX_EVENTS
from app.domain.devices.notices import MAX_NOTICES, Notice
from app.domain.devices.wire import (
    MAX_ERROR_BYTES,
    MAX_ITEM_BYTES,
    MAX_URL_BYTES,
    BeyondLimits,
    encode,
    short,
)
from app.domain.devices.words import ItemFlag, RefusalCode, ResultCode
from app.domain.enums import TrolleyState

VERSION = 1


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one event: `quantity` of the product in the cart now, `unit_price` in minor units."""

    s: int
    code: ResultCode
    quantity: int = 0
    unit_price: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How the trolley stands after a request: last event taken, session (0: nobody paired), totals of its cart."""

    last_seq: int
    session_id: int = 0
    state: TrolleyState = TrolleyState.IDLE
    units: int = 0
    expected_g: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class ItemCard:
    """What the display shows of a product: `price` before any offer, `offer` what is paid (the same without one)."""

    code: str
    name: str
    price: int
    offer: int
    grams: int
    flags: frozenset[ItemFlag] = frozenset()


def events_answer(now: int, standing: Standing, results: Sequence[Result], notices: Sequence[Notice] = ()) -> bytes:
    """The body for `POST /device/ev`; `now` in Unix seconds, at most 16 results and 2 notices."""
    if len(results) > MAX_EVENTS:
        raise BeyondLimits("too many results")
    rows = [[result.s, int(result.code), result.quantity, result.unit_price] for result in results]
    return encode(_standing(now, standing) | {"r": rows, "n": _notices(notices)})


def standing_answer(now: int, standing: Standing, notices: Sequence[Notice] = ()) -> bytes:
    """The body for `POST /device/hb`: as for events, without results."""
    return encode(_standing(now, standing) | {"n": _notices(notices)})


def error_answer(now: int, code: RefusalCode, **numbers: int) -> bytes:
    """The body of any refusal; `numbers` are `a`, `b` and `n`, or `r` seconds, as B.4 gives them."""
    return encode({"v": VERSION, "t": now, "e": code.value} | numbers, MAX_ERROR_BYTES)


def claim_answer(now: int, device_id: str, kid: int, key: bytes) -> bytes:
    """The one answer that carries a key; over TLS only."""
    return encode({"v": VERSION, "id": device_id, "k": kid, "key": key.hex(), "t": now})


def pair_answer(code: str, seconds: int, url: str) -> bytes:
    """A pairing code, the seconds it holds and the address behind the QR code. BeyondLimits above 80 bytes."""
    if len(url.encode()) > MAX_URL_BYTES:
        raise BeyondLimits("the pairing address is too long")
    return encode({"v": VERSION, "c": code, "x": seconds, "u": url})


def item_answer(card: ItemCard) -> bytes:
    """A product for the display, its name cut to fit."""
    document = {
        "v": VERSION,
        "c": card.code,
        "n": short(card.name),
        "p": card.price,
        "o": card.offer,
        "w": card.grams,
        "k": sum(card.flags),
    }
    return encode(document, MAX_ITEM_BYTES)


def firmware_answer(version: str, size: int, sha256: str, signature: str) -> bytes:
    """What a device checks a firmware against before it installs it."""
    return encode({"v": VERSION, "ver": version, "n": size, "sha": sha256, "sig": signature})


def _standing(now: int, standing: Standing) -> dict[str, object]:
    return {
        "v": VERSION,
        "t": now,
        "a": standing.last_seq,
        "z": standing.session_id,
        "st": standing.state.number,
        "q": standing.units,
        "w": standing.expected_g,
        "p": standing.total,
    }


def _notices(notices: Iterable[Notice]) -> list[list[int | str]]:
    rows = [list(notice) for notice in notices]
    if len(rows) > MAX_NOTICES:
        raise BeyondLimits("too many notices")
    return rows
