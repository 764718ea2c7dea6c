"""How SC1 is written down: compact JSON within limits a small processor can hold (smart-cart.md, B.1)."""

import json
from collections.abc import Mapping
from typing import Any

MAX_ANSWER_BYTES = 1024
MAX_ERROR_BYTES = 64
MAX_ITEM_BYTES = 160
MAX_TEXT_BYTES = 40
MAX_URL_BYTES = 80
KEY_HEX = 64
MAX_DEPTH = 3
MAX_INT = 2**31 - 1
MIN_INT = -(2**31)

MAX_SIGNATURE_BYTES = 128

_LONG_TEXTS = {"u": MAX_URL_BYTES, "key": KEY_HEX, "sha": KEY_HEX, "sig": MAX_SIGNATURE_BYTES}
"""The texts that may be longer than MAX_TEXT_BYTES: a pairing's address, a claim's key, what proves a firmware."""


class BeyondLimits(ValueError):
    """An answer the contract forbids was about to be sent: a fault of ours, never of the device."""


class BadBody(ValueError):
    """A device's body is not of the form the contract fixes; answered with `bad`."""


class BigBody(BadBody):
    """A device's body is of the form, but has too much in it; answered with `big`."""


def encode(document: Mapping[str, Any], limit: int = MAX_ANSWER_BYTES) -> bytes:
    """The document as compact JSON in its own key order. Raises BeyondLimits above `limit` bytes or against B.1."""
    _check(document, depth=1, text_limit=MAX_TEXT_BYTES)
    body = _dumped(document).encode()
    if len(body) > limit:
        raise BeyondLimits(f"an answer of {len(body)} bytes, {limit} allowed")
    return body


def short(text: str, limit: int = MAX_TEXT_BYTES) -> str:
    """The text cut at a character's border so that it takes at most `limit` bytes in JSON, escapes counted."""
    kept, size = [], 0
    for sign in text:
        if not sign.isprintable():
            continue
        size += len(_dumped(sign).encode()) - 2
        if size > limit:
            break
        kept.append(sign)
    return "".join(kept)


def decoded(body: bytes) -> dict[str, Any]:
    """A device's JSON object. Raises BadBody for anything else: other types, fractions, doubled keys, broken text."""
    try:
        document = json.loads(
            body, object_pairs_hook=_unique, parse_float=_refused, parse_constant=_refused, parse_int=_bounded
        )
    except (ValueError, RecursionError) as error:
        raise BadBody("the body is not JSON of this protocol") from error
    if not isinstance(document, dict):
        raise BadBody("the body is not an object")
    return document


def whole(value: object, least: int = 0, most: int = MAX_INT) -> int:
    """The value as an integer within bounds. Raises BadBody; true and false are no integers."""
    if type(value) is not int or not least <= value <= most:
        raise BadBody("an integer is missing or out of range")
    return value


def text(value: object, most: int = MAX_TEXT_BYTES) -> str:
    """The value as printable text of at most `most` bytes UTF-8. Raises BadBody."""
    if not isinstance(value, str) or not value.isprintable() or len(value.encode(errors="replace")) > most:
        raise BadBody("a text is missing, too long or not printable")
    return value


def only_keys(document: Mapping[str, Any], allowed: frozenset[str]) -> None:
    """Raises BadBody when the object has a key the contract does not name."""
    if not document.keys() <= allowed:
        raise BadBody("the body has a key that is not known")


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _check(value: object, depth: int, text_limit: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | str | list | tuple | Mapping):
        raise BeyondLimits("only integers, texts, lists and objects may be sent")
    if isinstance(value, int):
        if not MIN_INT <= value <= MAX_INT:
            raise BeyondLimits("an integer needs more than 32 bits")
    elif isinstance(value, str):
        if len(value.encode()) > text_limit:
            raise BeyondLimits("a text is too long")
    elif depth > MAX_DEPTH:
        raise BeyondLimits("the answer is nested too deep")
    else:
        _check_inside(value, depth)


def _check_inside(value: Mapping[str, Any] | list[Any] | tuple[Any, ...], depth: int) -> None:
    pairs = value.items() if isinstance(value, Mapping) else (("", inner) for inner in value)
    for key, inner in pairs:
        if not key.isascii():
            raise BeyondLimits("a key is not ASCII")
        _check(inner, depth + 1, _LONG_TEXTS.get(key, MAX_TEXT_BYTES))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise BadBody("a key stands twice")
    return document


def _refused(literal: str) -> int:
    raise BadBody(f"only integers are sent, not {literal[:MAX_TEXT_BYTES]}")


def _bounded(literal: str) -> int:
    if len(literal) > len(str(MIN_INT)):
        raise BadBody("an integer is out of range")
    return int(literal)
