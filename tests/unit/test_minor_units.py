"""Amounts in a currency's smallest unit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.minor_units import from_minor, to_minor


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("12.90", "ILS", 1290),
        ("0.01", "usd", 1),
        ("500.00", "JPY", 500),
        ("1.25", "KWD", 1250),
        ("9999999999.99", "EUR", 999999999999),
        ("40.00", "ISK", 4000),
    ],
)
def test_an_amount_has_one_whole_number_of_units_and_comes_back_the_same(
    amount: str, currency: str, units: int
) -> None:
    assert to_minor(Decimal(amount), currency) == units
    assert from_minor(units, currency) == Decimal(amount)
    assert from_minor(units, currency).as_tuple().exponent == -2


def test_half_a_yen_does_not_exist() -> None:
    with pytest.raises(ValueError, match="JPY"):
        to_minor(Decimal("10.50"), "JPY")


def test_a_thousandth_of_a_dinar_is_finer_than_our_amounts() -> None:
    with pytest.raises(ValueError, match="two places"):
        from_minor(1255, "KWD")


@given(st.decimals(min_value=0, max_value=Decimal("9999999999.99"), places=2), st.sampled_from(["ILS", "EUR", "TND"]))
def test_no_amount_is_changed_by_the_way_there_and_back(amount: Decimal, currency: str) -> None:
    assert from_minor(to_minor(amount, currency), currency) == amount
