"""Amounts as payment providers count them: whole numbers of a currency's smallest unit."""

from decimal import Decimal

_TWO_PLACES = Decimal("0.01")

# Places after the point where they are not two. Source: docs.stripe.com/currencies; ISK and UGX have no coins either
# but are counted there in hundredths.
_PLACES = dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"), 0
) | dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3)


def to_minor(amount: Decimal, currency: str) -> int:
    """12.90 ILS as 1290, 500 JPY as 500. Raises ValueError for a fraction the currency does not have."""
    scaled = amount.scaleb(_places(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{currency} has no such fraction")
    return int(scaled)


def from_minor(units: int, currency: str) -> Decimal:
    """1290 units of ILS as 12.90, with two places. Raises ValueError when two places cannot hold it."""
    amount = Decimal(units).scaleb(-_places(currency))
    if amount != amount.quantize(_TWO_PLACES):
        raise ValueError("finer than two places")
    return amount.quantize(_TWO_PLACES)


def _places(currency: str) -> int:
    return _PLACES.get(currency.upper(), 2)
