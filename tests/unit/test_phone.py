"""Phone numbers in every spelling people use."""

import pytest

from app.domain.phone import NotAPhoneNumber, e164, prefix


@pytest.mark.parametrize(
    "spelling",
    [
        "9876543210",
        "+919876543210",
        "+91-9876543210",
        "+91 98765 43210",
        "+91 (98765) 43210",
        "98765-43210",
        "98765.43210",
        "09876543210",
        "919876543210",
        "91 98765 43210",
        "0091 98765 43210",
        " 9876543210 ",
    ],
)
def test_every_spelling_of_an_indian_number_is_one_number(spelling: str) -> None:
    assert e164(spelling, country="IN") == "+919876543210"


@pytest.mark.parametrize("spelling", ["1111111111", "01111111111", "911111111111", "+911111111111"])
def test_ten_digits_are_enough_where_the_range_is_not_known(spelling: str) -> None:
    assert e164(spelling, country="IN") == "+911111111111"


def test_ten_digits_that_begin_like_the_country_code_are_not_cut() -> None:
    assert e164("9198765432", country="IN") == "+919198765432"


@pytest.mark.parametrize(
    ("spelling", "country", "number"),
    [
        ("+972 50-123-4567", "IN", "+972501234567"),
        ("050-123-4567", "IL", "+972501234567"),
        ("(415) 555-0123", "US", "+14155550123"),
        ("+390612345678", "IN", "+390612345678"),
    ],
)
def test_other_countries_are_read_by_their_own_rules(spelling: str, country: str, number: str) -> None:
    assert e164(spelling, country=country) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "12345",
        "987654321",
        "98765432101",
        "+91987654321",
        "+9198765432101",
        "050-123-4567",
        "+999123456789",
        "9876543210123456",
        "98765 FLOWER",
        "98765 43210 ext 5",
        "9876543210x5",
        "tel:+919876543210",
        "98765\x0043210",
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(NotAPhoneNumber):
        e164(text, country="IN")


def test_a_number_that_was_read_is_read_the_same_again() -> None:
    assert e164(e164("09876543210", country="IN"), country="US") == "+919876543210"


@pytest.mark.parametrize(
    ("phone", "begins"),
    [("+919876543210", "+91987"), ("+14155550123", "+1415"), ("+390612345678", "+39061")],
)
def test_numbers_of_one_range_share_a_prefix(phone: str, begins: str) -> None:
    assert prefix(phone) == begins
