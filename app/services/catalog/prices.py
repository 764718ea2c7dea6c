"""What a product costs at this moment: the one place that decides it, by the database's clock.

`products.current_price` is the same answer a few seconds late at most (`services.catalog.price_sweep`): lists sort and
filter by it, as it has an index. What is shown, put into a cart or sold is read with the expressions of this module.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, case, func
from sqlalchemy.dialects import postgresql

from app.models import Product

ON_SALE: ColumnElement[bool] = and_(
    Product.sale_starts_at <= func.now(), func.now() < Product.sale_ends_at, Product.sale_price < Product.price
)
"""Whether the sale price counts: its period has begun, has not ended, and it is the lower one."""

PRICE: ColumnElement[Any] = case((ON_SALE, Product.sale_price), else_=Product.price)
"""What one piece costs now, or for SoldBy.WEIGHT one kilogram."""

OLD_PRICE: ColumnElement[Any] = case((ON_SALE, Product.price), else_=Product.compare_at_price)
"""What it cost before: the ordinary price during a sale, else the maker's price, which may be null."""


def _as_text(expression: ColumnElement[Any]) -> str:
    return str(expression.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))  # type: ignore[no-untyped-call]


PRICE_TEXT = _as_text(PRICE)
"""PRICE for statements written as text, which name the table `products`."""
