"""What a basket costs, for any basket."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.enums import FulfillmentType, SoldBy
from app.domain.pricing import (
    CENT,
    DeliveryTariff,
    PricedLine,
    delivery_fee,
    piece_price,
    tax_included,
    tax_table,
    to_cents,
    total_up,
)

TARIFF = DeliveryTariff(free_from=Decimal("150.00"), fee=Decimal("30.00"), tax_rate=Decimal("18.00"))
DELIVERY = FulfillmentType.DELIVERY

amounts = st.decimals(min_value=0, max_value=9999, places=2)
rates = st.decimals(min_value=0, max_value=Decimal("99.99"), places=2)
lines = st.builds(
    PricedLine,
    quantity=st.integers(1, 10_000),
    unit_price=amounts,
    unit_deposit=amounts,
    tax_rate=rates,
    sold_by=st.sampled_from(SoldBy),
)
baskets = st.lists(lines, max_size=8)
fulfillments = st.sampled_from(FulfillmentType)


@given(baskets, fulfillments, st.integers(0, 100))
def test_the_total_is_the_sum_of_its_parts(basket: list[PricedLine], fulfillment: FulfillmentType, buffer: int) -> None:
    totals = total_up(basket, fulfillment, TARIFF, buffer)

    assert totals.items == sum(line.unit_price * line.quantity for line in basket)
    assert totals.deposits == sum(line.unit_deposit * line.quantity for line in basket)
    assert totals.total == totals.items + totals.deposits + totals.delivery_fee - totals.discount


@given(baskets, fulfillments)
def test_the_tax_is_inside_the_total(basket: list[PricedLine], fulfillment: FulfillmentType) -> None:
    totals = total_up(basket, fulfillment, TARIFF)

    assert 0 <= totals.tax <= totals.items + totals.delivery_fee <= totals.total


@given(baskets, fulfillments, st.integers(0, 100))
def test_the_card_is_asked_for_the_total_and_a_part_of_the_weighed_lines(
    basket: list[PricedLine], fulfillment: FulfillmentType, percent: int
) -> None:
    totals = total_up(basket, fulfillment, TARIFF, percent)

    weighed = sum((line.line_total for line in basket if line.sold_by is SoldBy.WEIGHT), Decimal(0))
    assert abs(totals.authorization - totals.total - weighed * percent / 100) <= CENT / 2
    assert totals.authorization >= totals.total


@given(baskets.flatmap(lambda basket: st.tuples(st.just(basket), st.permutations(basket))), fulfillments)
def test_the_order_of_the_lines_does_not_matter(
    baskets: tuple[list[PricedLine], list[PricedLine]], fulfillment: FulfillmentType
) -> None:
    one, other = (total_up(basket, fulfillment, TARIFF) for basket in baskets)

    assert replace(one, line_taxes=sorted(one.line_taxes)) == replace(other, line_taxes=sorted(other.line_taxes))


@given(amounts, rates)
def test_tax_is_rounded_by_half_a_cent_at_most(amount: Decimal, rate: Decimal) -> None:
    tax = tax_included(amount, rate)

    net = amount / (1 + rate / 100)
    assert abs(tax - (amount - net)) <= CENT / 2 + Decimal("1e-15")


@given(baskets, fulfillments)
def test_every_amount_is_a_decimal_in_whole_cents(basket: list[PricedLine], fulfillment: FulfillmentType) -> None:
    totals = total_up(basket, fulfillment, TARIFF, 10)

    single = {name: getattr(totals, name) for name in totals.__slots__ if not name.startswith("line_")}
    for name, amount in [*single.items(), *[("line_taxes", tax) for tax in totals.line_taxes]]:
        assert type(amount) is Decimal, name
        assert amount == amount.quantize(CENT), name


@given(baskets)
def test_the_tax_table_adds_up_to_the_basket(basket: list[PricedLine]) -> None:
    table = tax_table((line.line_total, line.tax_rate) for line in basket)

    assert sum(gross for _, gross, _ in table) == sum(line.line_total for line in basket)
    assert sum(tax for _, _, tax in table) == sum(line.tax_amount for line in basket)
    assert [rate for rate, _, _ in table] == sorted({line.tax_rate for line in basket})


@given(amounts, st.integers(1, 20_000))
def test_a_weighed_piece_costs_its_share_of_a_kilogram(price: Decimal, grams: int) -> None:
    piece = piece_price(price, SoldBy.WEIGHT, grams)

    share = max(price * grams / 1000, CENT if price else Decimal(0))
    assert abs(piece - share) <= CENT / 2
    assert piece_price(price, SoldBy.PIECE, grams) == price


@pytest.mark.parametrize(
    ("items", "fulfillment", "fee"),
    [
        ("0.00", DELIVERY, "30.00"),
        ("149.99", DELIVERY, "30.00"),
        ("150.00", DELIVERY, "0.00"),
        ("150.01", DELIVERY, "0.00"),
        ("10.00", FulfillmentType.PICKUP, "0.00"),
    ],
)
def test_delivery_is_free_from_the_threshold_on(items: str, fulfillment: FulfillmentType, fee: str) -> None:
    assert delivery_fee(Decimal(items), fulfillment, TARIFF) == Decimal(fee)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.005", "0.01"), ("0.015", "0.02"), ("0.0049", "0.00"), ("2.675", "2.68"), ("1", "1.00")],
)
def test_half_a_cent_goes_up_as_on_a_till_receipt(amount: str, rounded: str) -> None:
    assert to_cents(Decimal(amount)) == Decimal(rounded)


@pytest.mark.parametrize(
    ("amount", "rate", "tax"), [("118.00", "18", "18.00"), ("10.00", "18", "1.53"), ("10.00", "0", "0.00")]
)
def test_the_tax_inside_a_price(amount: str, rate: str, tax: str) -> None:
    assert tax_included(Decimal(amount), Decimal(rate)) == Decimal(tax)


def test_a_weighed_piece_costs_at_least_a_cent() -> None:
    assert piece_price(Decimal("0.04"), SoldBy.WEIGHT, 100) == Decimal("0.01")
