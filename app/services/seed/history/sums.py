"""What an order of the past came to, at checkout and in the end, by the rules of the shop."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from app.domain.amounts import NOTHING
from app.domain.picking import FinalLine, FinalTotals, final_totals, picked_total, substitute_total
from app.domain.pricing import DeliveryTariff, PricedLine, Totals, piece_price, total_up
from app.services.seed.history.plan import Fate, Good, PastLine, PastOrder


class LineSums(NamedTuple):
    """A line with its tax at checkout, and its price and tax in the end."""

    line: PastLine
    tax: Decimal
    final_total: Decimal
    final_tax: Decimal


@dataclass(slots=True)
class Reckoned:
    """An order of the past with its amounts, whose it is, who picked it, and once it is written its id."""

    past: PastOrder
    totals: Totals
    finals: list[FinalLine]
    final: FinalTotals
    tariff: DeliveryTariff
    user_id: int
    picker_id: int
    id: int = 0

    @property
    def fee_tax_rate(self) -> Decimal:
        return self.tariff.tax_rate if self.totals.delivery_fee else Decimal(0)

    def lines(self) -> Iterator[LineSums]:
        columns = zip(self.past.lines, self.totals.line_taxes, self.finals, self.final.line_taxes, strict=True)
        for line, tax, final, final_tax in columns:
            yield LineSums(line, tax, final.total, final_tax)


def reckon(order: PastOrder, tariff: DeliveryTariff, *, buffer_percent: int, user_id: int, picker_id: int) -> Reckoned:
    """The amounts of an order; `buffer_percent` is what is authorized on top of weighed lines."""
    lines = [
        PricedLine(each.quantity, piece(each.good), each.good.deposit, each.good.tax_rate, each.good.sold_by)
        for each in order.lines
    ]
    totals = total_up(lines, order.fulfillment, tariff, buffer_percent)
    finals = [_final(line) for line in order.lines]
    final = final_totals(
        finals,
        delivery_fee=totals.delivery_fee,
        delivery_tax_rate=tariff.tax_rate if totals.delivery_fee else Decimal(0),
        discount=None,
        ceiling=totals.authorization,
    )
    return Reckoned(order, totals, finals, final, tariff, user_id, picker_id)


def piece(good: Good) -> Decimal:
    """The price of one piece."""
    return piece_price(good.price, good.sold_by, good.estimated_weight_grams)


def substitute_price(line: PastLine, substitute: Good) -> Decimal:
    """What a line's substitute costs, as many pieces of it as were ordered."""
    replaced = piece(line.good) * line.quantity
    return substitute_total(unit_price=piece(substitute), quantity=line.quantity, replaced_total=replaced)


def _final(line: PastLine) -> FinalLine:
    if line.fate is Fate.ACCEPTED and line.substitute is not None:
        deposit = line.substitute.deposit * line.quantity
        return FinalLine(substitute_price(line, line.substitute), deposit, line.substitute.tax_rate)
    if line.fate is not Fate.PICKED:
        return FinalLine(NOTHING, NOTHING, line.good.tax_rate)
    total = picked_total(
        sold_by=line.good.sold_by,
        unit_price=piece(line.good),
        price_per_kg=line.good.price,
        picked_quantity=line.quantity,
        picked_weight_grams=line.weight_grams,
    )
    return FinalLine(total, line.good.deposit * line.quantity, line.good.tax_rate)
