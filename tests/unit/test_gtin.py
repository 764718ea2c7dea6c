"""Barcodes and their check digits."""

import pytest

from app.domain.gtin import InvalidGtin, check_digit, normalise_gtin, shown_gtin


@pytest.mark.parametrize(
    ("code", "padded", "shown"),
    [
        ("96385074", "00000096385074", "96385074"),
        ("036000291452", "00036000291452", "0036000291452"),
        ("4006381333931", "04006381333931", "4006381333931"),
        ("400-638133 3931", "04006381333931", "4006381333931"),
        ("10012345678902", "10012345678902", "10012345678902"),
    ],
)
def test_every_length_is_padded_and_shown_as_printed(code: str, padded: str, shown: str) -> None:
    assert normalise_gtin(code) == padded
    assert shown_gtin(padded) == shown


@pytest.mark.parametrize("code", ["", "4006381333932", "96385075", "123", "40063813339a1", "٤٠٠٦٣٨١٣٣٣٩٣١", "4" * 15])
def test_everything_else_is_refused(code: str) -> None:
    with pytest.raises(InvalidGtin):
        normalise_gtin(code)


@pytest.mark.parametrize(("body", "digit"), [("400638133393", "1"), ("9638507", "4"), ("03600029145", "2"), ("0", "0")])
def test_the_check_digit_rounds_up_to_the_next_ten(body: str, digit: str) -> None:
    assert check_digit(body) == digit
