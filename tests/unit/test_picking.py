"""What a picked order comes to."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.discounts import Discount
from app.domain.enums import DiscountKind, SoldBy
from app.domain.picking import FinalLine, final_totals, is_plausible_weight, picked_total, substitute_total

CENT = Decimal("0.01")
amounts = st.decimals(min_value=0, max_value=500, places=2)
lines = st.builds(
    FinalLine, total=amounts, deposit=amounts, tax_rate=st.sampled_from([Decimal(0), Decimal(5), Decimal(18)])
)
discounts = st.one_of(
    st.none(),
    st.builds(Discount, st.just(DiscountKind.PERCENT), st.integers(1, 100).map(Decimal)),
    st.builds(Discount, st.just(DiscountKind.AMOUNT), amounts),
    st.just(Discount(DiscountKind.FREE_DELIVERY, Decimal(0))),
)


@given(st.lists(lines, min_size=1, max_size=8), amounts, discounts, st.one_of(st.none(), amounts))
def test_the_final_total_adds_up_and_never_exceeds_the_ceiling(
    basket: list[FinalLine], fee: Decimal, discount: Discount | None, ceiling: Decimal | None
) -> None:
    totals = final_totals(basket, delivery_fee=fee, delivery_tax_rate=Decimal(18), discount=discount, ceiling=ceiling)

    assert totals.total == totals.items + totals.deposits + fee - totals.discount - totals.reduction
    assert ceiling is None or totals.total <= ceiling
    assert min(totals.total, totals.discount, totals.reduction, totals.tax) >= 0
    assert totals.tax <= totals.total
    assert all(0 <= tax <= line.total for tax, line in zip(totals.line_taxes, basket, strict=True))


@given(st.lists(lines, min_size=1, max_size=8), amounts, discounts)
def test_nothing_is_given_away_below_the_ceiling(
    basket: list[FinalLine], fee: Decimal, discount: Discount | None
) -> None:
    free = final_totals(basket, delivery_fee=fee, delivery_tax_rate=Decimal(18), discount=discount, ceiling=None)

    held = final_totals(basket, delivery_fee=fee, delivery_tax_rate=Decimal(18), discount=discount, ceiling=free.total)

    assert held == free
    assert held.reduction == 0


def test_what_goes_beyond_the_ceiling_carries_no_tax() -> None:
    line = FinalLine(Decimal("118.00"), Decimal("0.00"), Decimal(18))

    totals = final_totals(
        [line], delivery_fee=Decimal("0.00"), delivery_tax_rate=Decimal(0), discount=None, ceiling=Decimal("59.00")
    )

    assert (totals.total, totals.reduction, totals.tax) == (Decimal("59.00"), Decimal("59.00"), Decimal("9.00"))


@pytest.mark.parametrize(
    ("sold_by", "grams", "expected"),
    [
        (SoldBy.PIECE, None, "37.50"),
        (SoldBy.WEIGHT, None, "37.50"),
        (SoldBy.WEIGHT, 1501, "37.53"),
        (SoldBy.WEIGHT, 1, "0.03"),
        (SoldBy.PIECE, 1501, "37.50"),
    ],
)
def test_a_line_is_charged_by_its_weight_where_it_was_weighed(
    sold_by: SoldBy, grams: int | None, expected: str
) -> None:
    total = picked_total(
        sold_by=sold_by,
        unit_price=Decimal("12.50"),
        price_per_kg=Decimal("25.00") if sold_by is SoldBy.WEIGHT else None,
        picked_quantity=3,
        picked_weight_grams=grams,
    )

    assert total == Decimal(expected)


@given(amounts, st.integers(1, 50), amounts)
def test_a_substitute_costs_neither_more_than_itself_nor_than_the_line(
    price: Decimal, quantity: int, replaced: Decimal
) -> None:
    total = substitute_total(unit_price=price, quantity=quantity, replaced_total=replaced)

    assert total in (price * quantity, replaced)
    assert total <= min(price * quantity, replaced)


@pytest.mark.parametrize(
    ("grams", "pieces", "expected"), [(1500, 1, True), (1501, 1, False), (3000, 2, True), (3001, 2, False)]
)
def test_a_weight_is_plausible_up_to_three_times_the_estimate(grams: int, pieces: int, expected: bool) -> None:
    assert is_plausible_weight(grams, estimated_weight_grams=500, pieces=pieces) is expected


def test_without_an_estimate_every_weight_is_plausible() -> None:
    assert is_plausible_weight(100_000, estimated_weight_grams=None, pieces=1)
