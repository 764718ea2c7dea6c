"""What of a bank account's number may be seen."""

import pytest

from app.domain.bank_accounts import masked, shown_end


@pytest.mark.parametrize(
    ("number", "end"), [("50100123456789", "6789"), ("12345678", "5678"), ("1234567", "567"), ("AB12", "12")]
)
def test_of_a_number_at_most_half_is_shown_and_never_more_than_four_signs(number: str, end: str) -> None:
    assert shown_end(number) == end


def test_an_account_is_shown_by_its_end() -> None:
    assert masked("6789") == "****6789"
