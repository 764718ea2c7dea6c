"""What stays of an audit value once its person is erased."""

from typing import Any

import pytest

from app.domain.redaction import ERASED, blanked


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ({}, {}),
        ({"status": "DELIVERED", "role": "CUSTOMER"}, {"status": "DELIVERED", "role": "CUSTOMER"}),
        ({"full_name": "Dana", "phone": None}, {"full_name": ERASED, "phone": None}),
        ({"amount": "5.00", "reference": "for Dana"}, {"amount": "5.00", "reference": ERASED}),
        ({"rating": 4, "is_default": True, "body": ""}, {"rating": 4, "is_default": True, "body": ""}),
        ({"lat": 32.1, "lng": 34, "floor": 1}, {"lat": ERASED, "lng": ERASED, "floor": 1}),
        ({"available": {"5": 3}, "who": {"name": "Dana"}}, {"available": {"5": 3}, "who": {"name": ERASED}}),
        ({"branch_ids": [1, 2], "photos": ["a"]}, {"branch_ids": [1, 2], "photos": ERASED}),
        ({"mixed": [1, {"name": "Dana"}]}, {"mixed": ERASED}),
        ({"never_heard_of": "Dana"}, {"never_heard_of": ERASED}),
    ],
)
def test_numbers_and_closed_words_stay_and_other_texts_go(value: Any, expected: Any) -> None:
    assert blanked(value) == expected


def test_blanking_twice_is_as_once() -> None:
    once = blanked({"name": "Dana", "who": {"phone": "1"}, "many": ["x"]})

    assert blanked(once) == once
