"""Events are read with bounds, hashed alike when they are alike, and told apart from repeats and gaps."""

import json
from typing import Any

import pytest

from app.domain.devices.events import Batch, Event, Sequel, hole, parse_batch, sequel
from app.domain.devices.wire import BadBody, BigBody
from app.domain.devices.words import EventKind
from tests.unit.devices.vectors import VECTORS

ROW = [1, "a", "8901234567890", 517, 1795252282]


def body(*rows: object, **more: object) -> bytes:
    return json.dumps({"ev": list(rows), **more}).encode()


def changed(place: int, value: object) -> list[Any]:
    return [value if at == place else field for at, field in enumerate(ROW)]


def test_the_event_of_the_contract_is_read() -> None:
    batch = parse_batch(VECTORS["requests"][0]["body"].encode())

    assert batch == Batch((Event(1, EventKind.ADD, "8901234567890", 517, 1795252282),), None)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("a", "4011"),
        ("a", "94011"),
        ("a", "12345670"),
        ("r", "036000291452"),
        ("a", "2012345006787"),
        ("a", "10012345678902"),
        ("p", "4011"),
        ("w", ""),
        ("h", ""),
        ("f", ""),
        ("x", ""),
        ("d", ""),
    ],
)
def test_each_kind_takes_its_codes(kind: str, code: str) -> None:
    assert parse_batch(body([7, kind, code, -5, 0])).events[0].code == code


@pytest.mark.parametrize(
    "row",
    [
        [],
        ROW[:4],
        [*ROW, 1],
        "a",
        None,
        changed(0, 0),
        changed(0, -1),
        changed(0, 2**31),
        changed(0, "1"),
        changed(0, True),
        changed(0, 1.0),
        changed(1, "z"),
        changed(1, ""),
        changed(1, "A"),
        changed(1, ["a"]),
        changed(1, None),
        changed(2, ""),
        changed(2, "123"),
        changed(2, "123456789"),
        changed(2, "8901234567890 "),
        changed(2, "８901234567890"),
        changed(2, 8901234567890),
        changed(3, 2**31),
        changed(3, -(2**31) - 1),
        changed(3, None),
        changed(4, -1),
        changed(4, 2**31),
        [1, "w", "4011", 0, 0],
        [1, "p", "8901234567890", 0, 0],
    ],
)
def test_an_event_of_another_form_is_bad(row: object) -> None:
    with pytest.raises(BadBody) as caught:
        parse_batch(body(row))
    assert not isinstance(caught.value, BigBody)


def test_sixteen_events_are_taken_and_seventeen_are_too_many() -> None:
    rows = [[s, *ROW[1:]] for s in range(1, 18)]

    assert len(parse_batch(body(*rows[:16])).events) == 16
    with pytest.raises(BigBody):
        parse_batch(body(*rows))


@pytest.mark.parametrize("numbers", [(1, 3), (2, 1), (1, 1)])
def test_events_of_a_batch_are_consecutive(numbers: tuple[int, int]) -> None:
    with pytest.raises(BadBody):
        parse_batch(body(*([s, *ROW[1:]] for s in numbers)))


@pytest.mark.parametrize("bad", [b"{}", b'{"ev":[]}', b'{"ev":{}}', body(ROW, lo=0), body(ROW, lo="1"), body(ROW, x=1)])
def test_a_body_of_another_form_is_bad(bad: bytes) -> None:
    with pytest.raises(BadBody):
        parse_batch(bad)


def test_the_hash_tells_events_apart_by_every_field() -> None:
    others = [changed(0, 2), changed(1, "r"), changed(2, "4011"), changed(3, 518), changed(4, 0)]

    hashes = {parse_batch(body(row)).events[0].payload_hash for row in [ROW, *others]}

    assert len(hashes) == 6
    assert parse_batch(b' {"ev" : [[1, "a" ,"8901234567890",517,1795252282]]}').events[0].payload_hash in hashes


@pytest.mark.parametrize(
    ("s", "expected"), [(3, Sequel.REPEAT), (4, Sequel.REPEAT), (5, Sequel.NEXT), (6, Sequel.GAP), (900, Sequel.GAP)]
)
def test_a_number_is_a_repeat_the_next_or_a_gap(s: int, expected: Sequel) -> None:
    assert sequel(s, last=4) is expected


@pytest.mark.parametrize(
    ("first", "lowest", "expected"),
    [(5, None, None), (9, None, None), (9, 9, (5, 8)), (5, 5, None), (3, 3, None), (10, 9, None)],
    ids=["next", "gap", "admitted", "nothing lost", "repeat", "holds the lowest back"],
)
def test_a_hole_is_what_a_device_admits_to_have_lost(
    first: int, lowest: int | None, expected: tuple[int, int] | None
) -> None:
    batch = Batch((Event(first, EventKind.ADD, "4011", 0, 0),), lowest)

    assert hole(batch, last=4) == expected
