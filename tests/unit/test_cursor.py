"""Cursors: what a list gave out it takes back; anything else is refused and never breaks it."""

import base64
import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.errors import ValidationFailed
from app.schemas.pagination import decode_cursor, encode_cursor

KINDS: list[type] = [int, str, Decimal, datetime, float]
ids = st.integers(-(2**63), 2**63 - 1)
keys: dict[type, st.SearchStrategy[Any]] = {
    int: ids,
    str: st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    Decimal: st.decimals(min_value=0, max_value=Decimal("9999999999.99"), places=2),
    datetime: st.datetimes(timezones=st.just(UTC)),
}


def packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@given(
    st.lists(st.sampled_from(list(keys)), min_size=1, max_size=3).flatmap(
        lambda kinds: st.tuples(st.just(kinds), st.tuples(*(keys[kind] for kind in kinds)))
    )
)
def test_a_cursor_gives_back_the_keys_it_was_made_of(made: tuple[list[type], tuple[Any, ...]]) -> None:
    kinds, values = made

    assert decode_cursor(encode_cursor(*values), *kinds) == values


@given(st.text(), st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
def test_any_text_is_a_cursor_or_refused(text: str, kinds: list[type]) -> None:
    assert_decoded_or_refused(text, kinds)


values_of_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=6,
)


@given(values_of_json, st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
@example(["1e999999999"], [Decimal])
@example(["NaN"], [Decimal])
@example([1e308], [int])
@example([True], [int])
@example(["\x00"], [str])
@example([2**63], [int])
@example(["0001-01-01T00:00:00+23:59"], [datetime])
def test_any_json_in_a_cursor_is_taken_or_refused(value: Any, kinds: list[type]) -> None:
    assert_decoded_or_refused(packed(json.dumps(value).encode()), kinds)


@given(st.lists(ids, min_size=1, max_size=3), st.data())
def test_a_cursor_with_a_letter_changed_is_taken_or_refused(values: list[int], data: st.DataObject) -> None:
    cursor = encode_cursor(*values)
    place = data.draw(st.integers(0, len(cursor) - 1))
    letter = data.draw(st.sampled_from("ABCXYZabcxyz019-_"))

    assert_decoded_or_refused(cursor[:place] + letter + cursor[place + 1 :], [int] * len(values))


def assert_decoded_or_refused(cursor: str, kinds: list[type]) -> None:
    """Either a value of each kind that PostgreSQL can compare with, or ValidationFailed."""
    try:
        decoded = decode_cursor(cursor, *kinds)
    except ValidationFailed:
        return
    for value, kind in zip(decoded, kinds, strict=True):
        assert type(value) is kind
        assert kind is not int or -(2**63) <= value < 2**63
        assert kind is not str or "\x00" not in value
        assert kind not in (float, Decimal) or math.isfinite(value)


@pytest.mark.parametrize(
    "cursor", ["", "=", "!!!", "0", "AAAA", packed(b"[]"), packed(b"7"), packed(b"null"), packed(b"{}")]
)
def test_what_is_no_cursor_is_a_validation_error(cursor: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        decode_cursor(cursor, int)

    assert refused.value.details["errors"][0]["type"] == "cursor"


def test_a_cursor_of_another_sort_order_is_refused() -> None:
    with pytest.raises(ValidationFailed):
        decode_cursor(encode_cursor("Milk", 7), Decimal, int)


def test_deeply_nested_json_is_refused() -> None:
    with pytest.raises(ValidationFailed):
        decode_cursor(packed(b"[" * 3_000 + orjson.dumps(1) + b"]" * 3_000), int)
