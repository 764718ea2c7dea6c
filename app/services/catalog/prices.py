"""What a product costs at this moment: the one place that decides it, by the database's clock.

`products.current_price` is the same answer a few seconds late at most (`services.catalog.price_sweep`): lists sort and
filter by it, as it has an index. What is shown, put into a cart or sold is read with the expressions of this module.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal_column, or_
from sqlalchemy.dialects import postgresql

from app.domain.enums import SoldBy
from app.models import Product

ON_SALE: ColumnElement[bool] = and_(
    Product.sale_price.is_not(None),  # ends the question for most, at once
    Product.sale_starts_at <= func.now(),
    func.now() < Product.sale_ends_at,
    Product.sale_price < Product.price,
)
"""Whether the sale price counts: its period has begun, has not ended, and it is the lower one."""

PRICE: ColumnElement[Any] = case((ON_SALE, Product.sale_price), else_=Product.price)
"""What one piece costs now, or for SoldBy.WEIGHT one kilogram."""

OLD_PRICE: ColumnElement[Any] = case((ON_SALE, Product.price), else_=Product.compare_at_price)
"""What it cost before: the ordinary price during a sale, else the maker's price, which may be null."""

_CENT: ColumnElement[Any] = literal_column("0.01")
_THOUSAND: ColumnElement[Any] = literal_column("1000")
_TWO_PLACES: ColumnElement[Any] = literal_column("2")
_NOTHING: ColumnElement[Any] = literal_column("0")
_ESTIMATE: ColumnElement[Any] = func.round(PRICE * Product.estimated_weight_grams / _THOUSAND, _TWO_PLACES)

PIECE_PRICE: ColumnElement[Any] = case(
    (
        or_(
            Product.sold_by == literal_column(f"'{SoldBy.PIECE}'", type_=Product.sold_by.type),
            Product.estimated_weight_grams.is_(None),
        ),
        PRICE,
    ),
    else_=func.coalesce(func.nullif(_ESTIMATE, _NOTHING), func.least(PRICE, _CENT)),
)
"""`domain.pricing.piece_price` of PRICE, for pages that PostgreSQL writes; a test holds the two together."""


def _as_text(expression: ColumnElement[Any]) -> str:
    return str(expression.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))  # type: ignore[no-untyped-call]


PRICE_TEXT = _as_text(PRICE)
"""PRICE for statements written as text, which name the table `products`."""
