"""What a reduced price is called."""

from decimal import ROUND_FLOOR, Decimal


def offer_name(price: Decimal, discounted_price: Decimal | None) -> str | None:
    """`25% off`, in whole percent and never more than it is; None where nothing is reduced."""
    if discounted_price is None or discounted_price >= price:
        return None
    percent = ((price - discounted_price) * 100 / price).to_integral_value(ROUND_FLOOR)
    return f"{percent}% off" if percent else "Reduced"
