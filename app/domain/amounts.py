"""Sums of money: Decimals in the shop's currency with two places."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")


def to_cents(amount: Decimal) -> Decimal:
    """Round half up to two places, as on a till receipt."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)
