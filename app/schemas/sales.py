"""Sale prices as managers set them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from app.schemas.envelope import Answer, Instant, Request
from app.schemas.money import Money, PositiveMoney


class SaleForm(Request):
    """Without `starts_at` the sale begins at once. It is over at `ends_at`."""

    example: ClassVar[Mapping[str, Any]] = {"sale_price": 7.9, "ends_at": "2036-12-31T22:00:00+02:00"}

    sale_price: PositiveMoney
    starts_at: Instant | None = None
    ends_at: Instant


class Sale(Answer):
    """`is_on`: the sale price is what the product costs at this moment. Weighed goods have prices per kilogram."""

    product_id: int
    price: Money
    sale_price: Money
    starts_at: Instant
    ends_at: Instant
    is_on: bool
