"""What is sent keeps the limits of B.1; what is received is held to them."""

import json

import pytest

from app.domain.devices.wire import BadBody, BeyondLimits, decoded, encode, only_keys, short, text, whole


def test_documents_are_compact_and_keep_their_order() -> None:
    assert encode({"v": 1, "t": 2, "n": [["msg", "Grüße"]]}) == '{"v":1,"t":2,"n":[["msg","Grüße"]]}'.encode()


@pytest.mark.parametrize(
    "document",
    [
        {"a": 1.5},
        {"a": True},
        {"a": None},
        {"a": 2**31},
        {"a": -(2**31) - 1},
        {"é": 1},
        {"a": "x" * 41},
        {"a": "é" * 21},
        {"a": [[[1]]]},
        {"u": "x" * 81},
        {"a": list(range(1000))},
    ],
)
def test_a_document_beyond_the_limits_is_never_sent(document: dict[str, object]) -> None:
    with pytest.raises(BeyondLimits):
        encode(document)


def test_a_document_at_the_limits_is_sent() -> None:
    document = {"a": 2**31 - 1, "b": -(2**31), "c": "é" * 20, "d": [[1]], "u": "x" * 80, "key": "0" * 64}

    assert json.loads(encode(document)) == document


@pytest.mark.parametrize(
    ("name", "cut"),
    [
        ("Toned Milk 500 ml", "Toned Milk 500 ml"),
        ("x" * 41, "x" * 40),
        ("é" * 30, "é" * 20),
        ("x" * 39 + "é", "x" * 39),
        ("🥛" * 11, "🥛" * 10),
        ('"' * 30, '"' * 20),
        ("a\x00b\nc", "abc"),
    ],
)
def test_texts_are_cut_at_a_characters_border(name: str, cut: str) -> None:
    assert short(name) == cut


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b"null",
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":1,"a":2}',
        b'{"a":"\xff"}',
        b'{"a":' + b"9" * 5000 + b"}",
        b"[" * 2000,
        b'{"a":' * 2000,
    ],
)
def test_a_body_that_is_not_of_the_protocol_is_bad(body: bytes) -> None:
    with pytest.raises(BadBody):
        decoded(body)


@pytest.mark.parametrize("value", [None, True, "1", -1, 2**31, [1]])
def test_only_integers_in_range_are_numbers(value: object) -> None:
    with pytest.raises(BadBody):
        whole(value)


@pytest.mark.parametrize("value", [None, 1, "x" * 41, "a\nb", "\x00", "\ud800"])
def test_only_short_printable_texts_are_texts(value: object) -> None:
    with pytest.raises(BadBody):
        text(value)


def test_unknown_keys_are_bad() -> None:
    only_keys({"a": 1}, frozenset({"a", "b"}))
    with pytest.raises(BadBody):
        only_keys({"c": 1}, frozenset({"a", "b"}))
