"""What a picked order comes to. Amounts are Decimals in the shop's currency with two places, tax included."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.domain.amounts import NOTHING
from app.domain.discounts import Discount, spread
from app.domain.enums import PickedStatus, SoldBy, SubstitutionStatus
from app.domain.pricing import piece_price, tax_included

MOST_OF_ESTIMATE = 3
"""A weight above this many times the estimate is taken for a slip of the hand."""

LIVE = frozenset({SubstitutionStatus.PROPOSED, SubstitutionStatus.ACCEPTED})
"""Substitutions that stand for a line."""

SETTLED = frozenset({PickedStatus.PICKED, PickedStatus.REPLACED})


@dataclass(frozen=True, slots=True)
class FinalLine:
    """What goes into the bag for one line: its price before discounts, its deposit, its tax rate in percent."""

    total: Decimal
    deposit: Decimal
    tax_rate: Decimal


@dataclass(frozen=True, slots=True)
class FinalTotals:
    """What is charged. `total` = items + deposits + delivery fee - discount - reduction; `tax` is part of it.

    `reduction` is what the picked goods cost beyond the authorized amount, which the customer does not pay.
    `line_taxes` stand in the order of the lines.
    """

    items: Decimal
    deposits: Decimal
    discount: Decimal
    reduction: Decimal
    tax: Decimal
    total: Decimal
    line_taxes: list[Decimal]


def picked_total(
    *,
    sold_by: SoldBy,
    unit_price: Decimal,
    price_per_kg: Decimal | None,
    picked_quantity: int,
    picked_weight_grams: int | None,
) -> Decimal:
    """The price of a picked line: by its weight in grams where it was weighed, else pieces at the price of one."""
    if sold_by is SoldBy.WEIGHT and price_per_kg is not None and picked_weight_grams is not None:
        return piece_price(price_per_kg, sold_by, picked_weight_grams)
    return unit_price * picked_quantity


def is_plausible_weight(grams: int, *, estimated_weight_grams: int | None, pieces: int) -> bool:
    """Whether that many pieces may weigh so much."""
    return estimated_weight_grams is None or grams <= MOST_OF_ESTIMATE * estimated_weight_grams * max(pieces, 1)


def substitute_total(*, unit_price: Decimal, quantity: int, replaced_total: Decimal) -> Decimal:
    """A substitute costs its own price, but never more than the line it stands in for."""
    return min(unit_price * quantity, replaced_total)


def final_totals(
    lines: Sequence[FinalLine],
    *,
    delivery_fee: Decimal,
    delivery_tax_rate: Decimal,
    discount: Discount | None,
    ceiling: Decimal | None,
) -> FinalTotals:
    """Add up what was picked. The fee stays as agreed at checkout, however little was found.

    `ceiling` is the authorized amount, which is never exceeded (checkout-design.md, section 8); None: nothing is paid
    by card.
    """
    items = sum((line.total for line in lines), NOTHING)
    deposits = sum((line.deposit for line in lines), NOTHING)
    off_items = discount.off_items(items) if discount else NOTHING
    off_fee = discount.off_fee(delivery_fee) if discount else NOTHING
    due = items + deposits + delivery_fee - off_items - off_fee
    reduction = max(due - ceiling, NOTHING) if ceiling is not None else NOTHING
    shares = spread(min(off_items + reduction, items), [line.total for line in lines])
    taxes = [tax_included(line.total - off, line.tax_rate) for line, off in zip(lines, shares, strict=True)]
    total = due - reduction
    tax = sum(taxes, NOTHING) + tax_included(delivery_fee - off_fee, delivery_tax_rate)
    return FinalTotals(items, deposits, off_items + off_fee, reduction, min(tax, total), total, taxes)
