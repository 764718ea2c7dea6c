"""What a coupon takes off a basket. Amounts are Decimals in the shop's currency with two places, tax included."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.domain.amounts import CENT, NOTHING, to_cents
from app.domain.enums import DiscountKind


@dataclass(frozen=True, slots=True)
class Discount:
    """`value` is percent for PERCENT and money for AMOUNT; `max_discount` caps what PERCENT takes off."""

    kind: DiscountKind
    value: Decimal
    max_discount: Decimal | None = None

    def off_items(self, items: Decimal) -> Decimal:
        """What is taken off the items; never more than they cost. Bottle deposits are never discounted."""
        match self.kind:
            case DiscountKind.PERCENT:
                off = to_cents(items * self.value / 100)
                return min(off, items, self.max_discount if self.max_discount is not None else off)
            case DiscountKind.AMOUNT:
                return min(self.value, items)
            case DiscountKind.FREE_DELIVERY:
                return NOTHING

    def off_fee(self, fee: Decimal) -> Decimal:
        """What is taken off the delivery fee."""
        return fee if self.kind is DiscountKind.FREE_DELIVERY else NOTHING


def spread(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Divide an amount among lines in proportion to their weights, to the cent and without a rest.

    `amount` is at most the sum of the weights; no share exceeds its weight. By the method of largest remainders: shares
    are rounded down, and the cents left over go to the largest remainders, of equal ones to the earlier line.
    """
    total = sum(weights, NOTHING)
    if not amount or not total:
        return [NOTHING for _ in weights]
    exact = [amount * weight / total for weight in weights]
    shares = [share.quantize(CENT, rounding="ROUND_FLOOR") for share in exact]
    left_over = int((amount - sum(shares, NOTHING)) / CENT)
    by_remainder = sorted(range(len(weights)), key=lambda place: (shares[place] - exact[place], place))
    for place in by_remainder[:left_over]:
        shares[place] += CENT
    return shares
