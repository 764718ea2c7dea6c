"""Text in drawing order: cases by hand after UAX #9."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.text_order import drawing_order

SHALOM = "\u05e9\u05dc\u05d5\u05dd"
MOLAHS = SHALOM[::-1]


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("", ""),
        ("Milk 3% (1 l)", "Milk 3% (1 l)"),
        (SHALOM, MOLAHS),
        (f"{SHALOM} 3% 1.5", f"1.5 3% {MOLAHS}"),
        (f"{SHALOM} abc", f"abc {MOLAHS}"),
        (f"abc {SHALOM} def", f"abc {MOLAHS} def"),
        (f"abc {SHALOM} {SHALOM}", f"abc {MOLAHS} {MOLAHS}"),
        (f"{SHALOM} (abc)", f"(abc) {MOLAHS}"),
        (f"({SHALOM})", f"({MOLAHS})"),
        (f"5 {SHALOM}", f"{MOLAHS} 5"),
        (f"abc 12 {SHALOM}", f"abc 12 {MOLAHS}"),
        ("\u05e9\u05b8\u05dc", "\u05dc\u05e9\u05b8"),
        ("हिन्दी", "िहन्दी"),
        ("\u0915\u094d\u0937\u093f\u0924\u093f", "\u093f\u0915\u094d\u0937\u093f\u0924"),
    ],
)
def test_a_line_is_drawn_from_left_to_right(text: str, drawn: str) -> None:
    assert drawing_order(text) == drawn


@given(st.text())
def test_no_character_is_ever_lost_or_made_up(text: str) -> None:
    brackets = str.maketrans("()[]{}<>«»", "(([[{{<<««")

    drawn = drawing_order(text)

    assert sorted(drawn.translate(brackets)) == sorted(text.translate(brackets))
