"""The house's part of what a vendor earns."""

from decimal import Decimal

from app.domain.amounts import to_cents


def commission_on(amount: Decimal, percent: Decimal) -> Decimal:
    """The commission on money earned, rounded half up to cents."""
    return to_cents(amount * percent / 100)


def commission_given_back(commission: Decimal, *, earned: Decimal, refund: Decimal) -> Decimal:
    """The part of a commission that goes back with a refund out of `earned`, both what is left before the refund.

    In proportion, so that whoever gives everything back gets all of it, however many steps that took.
    """
    return to_cents(commission * refund / earned) if earned > 0 else commission
