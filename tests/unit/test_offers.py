"""What a reduced price is called."""

from decimal import Decimal

import pytest

from app.domain.offers import offer_name


@pytest.mark.parametrize(
    ("price", "discounted", "name"),
    [
        ("10.00", None, None),
        ("10.00", "10.00", None),
        ("10.00", "12.00", None),
        ("10.00", "7.50", "25% off"),
        ("3.00", "2.00", "33% off"),
        ("10.00", "9.99", "Reduced"),
        ("10.00", "0.00", "100% off"),
    ],
)
def test_a_reduction_is_told_in_whole_percent_rounded_down(
    price: str, discounted: str | None, name: str | None
) -> None:
    assert offer_name(Decimal(price), Decimal(discounted) if discounted else None) == name
