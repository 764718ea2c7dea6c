"""What a coupon takes off, for any basket."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.amounts import CENT, NOTHING
from app.domain.discounts import Discount, spread
from app.domain.enums import DiscountKind, FulfillmentType, SoldBy
from app.domain.pricing import DeliveryTariff, PricedLine, total_up

TARIFF = DeliveryTariff(free_from=Decimal("150.00"), fee=Decimal("30.00"), tax_rate=Decimal("18.00"))

amounts = st.decimals(min_value=0, max_value=9999, places=2)
percents = st.decimals(min_value=Decimal("0.01"), max_value=100, places=2)
weights = st.lists(amounts, min_size=1, max_size=12)
discounts = st.one_of(
    st.builds(Discount, st.just(DiscountKind.PERCENT), percents, st.none() | amounts.filter(bool)),
    st.builds(Discount, st.just(DiscountKind.AMOUNT), amounts.filter(bool)),
    st.builds(Discount, st.just(DiscountKind.FREE_DELIVERY), st.just(NOTHING)),
)
baskets = st.lists(
    st.builds(
        PricedLine,
        quantity=st.integers(1, 100),
        unit_price=amounts,
        unit_deposit=amounts,
        tax_rate=st.decimals(min_value=0, max_value=Decimal("99.99"), places=2),
        sold_by=st.sampled_from(SoldBy),
    ),
    max_size=8,
)


@given(weights, st.data())
def test_the_shares_add_up_to_the_amount_and_stay_within_their_lines(parts: list[Decimal], data: st.DataObject) -> None:
    amount = data.draw(st.decimals(min_value=0, max_value=sum(parts), places=2))

    shares = spread(amount, parts)

    assert sum(shares) == amount
    assert all(0 <= share <= part for share, part in zip(shares, parts, strict=True))


@given(weights, st.data())
def test_no_share_is_a_cent_or_more_away_from_its_proportion(parts: list[Decimal], data: st.DataObject) -> None:
    amount = data.draw(st.decimals(min_value=0, max_value=sum(parts), places=2))

    shares = spread(amount, parts)

    total = sum(parts)
    assert all(abs(share - amount * part / total) < CENT for share, part in zip(shares, parts, strict=True) if total)


def test_of_equal_lines_the_earlier_ones_get_the_cents_left_over() -> None:
    assert spread(Decimal("1.00"), [Decimal("5.00")] * 3) == [Decimal("0.34"), Decimal("0.33"), Decimal("0.33")]


def test_nothing_spread_is_nothing_for_every_line() -> None:
    assert spread(NOTHING, [Decimal("5.00"), NOTHING]) == [NOTHING, NOTHING]
    assert spread(NOTHING, []) == []


@given(discounts, amounts, amounts)
def test_no_discount_exceeds_what_it_is_taken_from(discount: Discount, items: Decimal, fee: Decimal) -> None:
    assert 0 <= discount.off_items(items) <= items
    assert 0 <= discount.off_fee(fee) <= fee


@pytest.mark.parametrize(
    ("discount", "off"),
    [
        (Discount(DiscountKind.PERCENT, Decimal(10)), "3.34"),
        (Discount(DiscountKind.PERCENT, Decimal(10), Decimal("2.50")), "2.50"),
        (Discount(DiscountKind.PERCENT, Decimal(100)), "33.35"),
        (Discount(DiscountKind.AMOUNT, Decimal("5.00")), "5.00"),
        (Discount(DiscountKind.AMOUNT, Decimal("50.00")), "33.35"),
        (Discount(DiscountKind.FREE_DELIVERY, NOTHING), "0.00"),
    ],
    ids=["percent, rounded half up", "percent, capped", "everything", "amount", "amount above the items", "delivery"],
)
def test_what_is_taken_off_items_of_33_35(discount: Discount, off: str) -> None:
    assert discount.off_items(Decimal("33.35")) == Decimal(off)


@given(baskets, discounts, st.sampled_from(FulfillmentType), st.integers(0, 100))
def test_a_discounted_order_adds_up_and_its_tax_is_inside(
    basket: list[PricedLine], discount: Discount, fulfillment: FulfillmentType, buffer: int
) -> None:
    totals = total_up(basket, fulfillment, TARIFF, buffer, discount)

    assert totals.total == totals.items + totals.deposits + totals.delivery_fee - totals.discount
    assert totals.total >= totals.deposits
    assert 0 <= totals.tax <= totals.total
    assert totals.authorization >= totals.total
    assert sum(totals.line_discounts) == discount.off_items(totals.items)
    for line, off, tax in zip(basket, totals.line_discounts, totals.line_taxes, strict=True):
        assert 0 <= tax <= line.line_total - off


@given(baskets, discounts, st.sampled_from(FulfillmentType))
def test_a_discount_never_makes_an_order_dearer_nor_changes_its_fee(
    basket: list[PricedLine], discount: Discount, fulfillment: FulfillmentType
) -> None:
    plain, less = (total_up(basket, fulfillment, TARIFF, discount=each) for each in (None, discount))

    assert less.delivery_fee == plain.delivery_fee
    assert less.total <= plain.total
    assert less.tax <= plain.tax + CENT * len(basket)
