"""What a basket costs. Every price includes tax; amounts are Decimals in the shop's currency with two places."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from app.domain.amounts import CENT, NOTHING, to_cents
from app.domain.discounts import Discount, spread
from app.domain.enums import FulfillmentType, SoldBy


def piece_price(price: Decimal, sold_by: SoldBy, estimated_weight_grams: int | None) -> Decimal:
    """The price of one piece: the price itself, or price per kilogram times the piece's estimated weight in grams.

    Never less than a cent: what has a price is not given away by rounding.
    """
    if sold_by is SoldBy.PIECE or estimated_weight_grams is None:
        return price
    return to_cents(price * estimated_weight_grams / 1000) or min(price, CENT)


def tax_included(amount: Decimal, rate: Decimal) -> Decimal:
    """The tax inside an amount that includes it; `rate` in percent of the net amount."""
    return to_cents(amount * rate / (100 + rate))


@dataclass(frozen=True, slots=True)
class PricedLine:
    """One line at today's price. `unit_price` and `unit_deposit` are for one piece."""

    quantity: int
    unit_price: Decimal
    unit_deposit: Decimal
    tax_rate: Decimal
    sold_by: SoldBy = SoldBy.PIECE

    @property
    def line_total(self) -> Decimal:
        return self.unit_price * self.quantity

    @property
    def deposit(self) -> Decimal:
        return self.unit_deposit * self.quantity

    @property
    def tax_amount(self) -> Decimal:
        return tax_included(self.line_total, self.tax_rate)


@dataclass(frozen=True, slots=True)
class DeliveryTariff:
    """Delivery costs `fee` below `free_from` and nothing from there on; `tax_rate` in percent is inside the fee."""

    free_from: Decimal
    fee: Decimal
    tax_rate: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """What an order comes to. `total` = items + deposits + delivery fee - discount; `tax` is part of it.

    `authorization` is what the card is asked for: the total plus a buffer on weighed lines, settled when picked.
    `line_discounts` and `line_taxes` stand in the order of the lines; the tax of a line is that of what is left of it.
    """

    items: Decimal
    deposits: Decimal
    delivery_fee: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal
    authorization: Decimal
    line_discounts: list[Decimal]
    line_taxes: list[Decimal]


def total_up(
    lines: Iterable[PricedLine],
    fulfillment: FulfillmentType,
    tariff: DeliveryTariff,
    weighed_buffer_percent: int = 0,
    discount: Discount | None = None,
) -> Totals:
    """Add up a basket. A bottle deposit carries no tax; the items before any discount decide the delivery fee."""
    lines = list(lines)
    items = sum((line.line_total for line in lines), NOTHING)
    deposits = sum((line.deposit for line in lines), NOTHING)
    fee = delivery_fee(items, fulfillment, tariff)
    off_items = discount.off_items(items) if discount else NOTHING
    off_fee = discount.off_fee(fee) if discount else NOTHING
    line_discounts = spread(off_items, [line.line_total for line in lines])
    line_taxes = [
        tax_included(line.line_total - off, line.tax_rate) for line, off in zip(lines, line_discounts, strict=True)
    ]
    total = items + deposits + fee - off_items - off_fee
    weighed = sum((line.line_total for line in lines if line.sold_by is SoldBy.WEIGHT), NOTHING)
    return Totals(
        items=items,
        deposits=deposits,
        delivery_fee=fee,
        discount=off_items + off_fee,
        tax=sum(line_taxes, NOTHING) + tax_included(fee - off_fee, tariff.tax_rate),
        total=total,
        authorization=total + to_cents(weighed * weighed_buffer_percent / 100),
        line_discounts=line_discounts,
        line_taxes=line_taxes,
    )


def delivery_fee(items: Decimal, fulfillment: FulfillmentType, tariff: DeliveryTariff) -> Decimal:
    """The fee of a delivery for items of that worth; pickup is free."""
    if fulfillment is FulfillmentType.PICKUP or items >= tariff.free_from:
        return NOTHING
    return tariff.fee


def tax_table(lines: Iterable[tuple[Decimal, Decimal]]) -> list[tuple[Decimal, Decimal, Decimal]]:
    """(rate, gross, tax) for each tax rate of (gross amount, rate) pairs, lowest rate first."""
    gross: dict[Decimal, Decimal] = {}
    tax: dict[Decimal, Decimal] = {}
    for amount, rate in lines:
        gross[rate] = gross.get(rate, NOTHING) + amount
        tax[rate] = tax.get(rate, NOTHING) + tax_included(amount, rate)
    return [(rate, gross[rate], tax[rate]) for rate in sorted(gross)]
