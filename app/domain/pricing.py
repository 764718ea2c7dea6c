"""What a basket costs. Every price includes tax; amounts are Decimals in the shop's currency with two places."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from app.domain.enums import FulfillmentType, SoldBy

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")


def to_cents(amount: Decimal) -> Decimal:
    """Round half up to two places, as on a till receipt."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


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
    """

    items: Decimal
    deposits: Decimal
    delivery_fee: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal
    authorization: Decimal


def total_up(
    lines: Iterable[PricedLine], fulfillment: FulfillmentType, tariff: DeliveryTariff, weighed_buffer_percent: int = 0
) -> Totals:
    """Add up a basket. A bottle deposit carries no tax; the delivery fee is decided by the items alone."""
    lines = list(lines)
    items = sum((line.line_total for line in lines), NOTHING)
    deposits = sum((line.deposit for line in lines), NOTHING)
    fee = delivery_fee(items, fulfillment, tariff)
    tax = sum((line.tax_amount for line in lines), NOTHING) + tax_included(fee, tariff.tax_rate)
    total = items + deposits + fee
    weighed = sum((line.line_total for line in lines if line.sold_by is SoldBy.WEIGHT), NOTHING)
    buffer = to_cents(weighed * weighed_buffer_percent / 100)
    return Totals(items, deposits, fee, NOTHING, tax, total, total + buffer)


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
