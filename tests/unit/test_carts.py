"""The rules of a cart's lines."""

from dataclasses import replace
from decimal import Decimal

import pytest

from app.domain.carts import CartAction, Line, LineChange, Offer, Refusal, added, put, refusal

TODAY = Decimal("5.00")
EARLIER = Decimal("4.50")
NEW = Offer(
    product_id=7,
    product_name="Milk",
    piece_price=TODAY,
    sellable=True,
    in_stock_anywhere=True,
    available=20_000,
    line=None,
)
HELD = replace(NEW, line=Line(3, EARLIER))


def test_adding_sums_up_at_todays_price() -> None:
    assert added(NEW, 2).new == Line(2, TODAY)
    assert added(HELD, 2) == LineChange(7, CartAction.ADD_ITEM, Line(3, EARLIER), Line(5, TODAY))


@pytest.mark.parametrize(
    ("offer", "quantity", "change"),
    [
        (NEW, 0, None),
        (NEW, 2, LineChange(7, CartAction.ADD_ITEM, None, Line(2, TODAY))),
        (HELD, 3, None),
        (HELD, 9, LineChange(7, CartAction.UPDATE_ITEM, Line(3, EARLIER), Line(9, EARLIER))),
        (HELD, 0, LineChange(7, CartAction.DELETE_ITEM, Line(3, EARLIER), None)),
    ],
)
def test_putting_a_quantity_keeps_the_price_of_a_line(offer: Offer, quantity: int, change: LineChange | None) -> None:
    assert put(offer, quantity) == change


@pytest.mark.parametrize(
    ("offer", "quantity", "why"),
    [
        (None, 1, Refusal.PRODUCT_INACTIVE),
        (replace(NEW, sellable=False, in_stock_anywhere=False), 10_001, Refusal.PRODUCT_INACTIVE),
        (replace(NEW, in_stock_anywhere=False, available=0), 10_001, Refusal.OUT_OF_STOCK_ANYWHERE),
        (replace(NEW, available=4), 10_001, Refusal.QUANTITY_LIMIT),
        (replace(NEW, available=4), 5, Refusal.OUT_OF_STOCK_DELIVERY_BRANCH),
        (replace(NEW, available=4), 4, None),
        (NEW, 10_000, None),
    ],
)
def test_a_line_is_refused_for_the_first_reason_in_order(
    offer: Offer | None, quantity: int, why: Refusal | None
) -> None:
    assert refusal(offer, quantity) is why
