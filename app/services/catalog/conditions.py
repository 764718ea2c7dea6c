"""Which products a list holds: the catalog's own rule and the filters, as SQL conditions built once for each shape."""

from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Numeric,
    Select,
    String,
    bindparam,
    false,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute

from app.models import Category, Inventory, Product, ProductGtin
from app.services.catalog.shown import BRANCHES

Condition = ColumnElement[bool] | InstrumentedAttribute[bool]


def _ids(statement: Select[int]) -> ColumnElement[Any]:
    """`ARRAY(SELECT id ...)`: worked out once for a statement, before any product is looked at."""
    return func.array(statement.scalar_subquery(), type_=ARRAY(BigInteger))


def hidden_categories() -> ColumnElement[Any]:
    """The ids of the inactive categories and of everything below them, as an array."""
    hidden = select(Category.id).where(~Category.is_active).cte("hidden", recursive=True)
    hidden = hidden.union(select(Category.id).join(hidden, Category.parent_id == hidden.c.id))
    return _ids(select(hidden.c.id))


@cache  # one object for a parameter: used twice in a statement it must be the same CTE
def category_with_descendants(parameter: str) -> ColumnElement[Any]:
    """The ids of the category named by a parameter and of everything below it, as an array; empty when unknown."""
    below = select(Category.id).where(Category.id == bindparam(parameter, type_=BigInteger))
    tree = below.cte(f"tree_{parameter}", recursive=True)
    tree = tree.union(select(Category.id).join(tree, Category.parent_id == tree.c.id))
    return _ids(select(tree.c.id))


def listed() -> list[Condition]:
    """Only the supermarket's own active products, in categories that are active up to the root."""
    return [Product.is_active, Product.shop_id.is_(None), Product.category_id != func.all(hidden_categories())]


def with_barcode() -> Condition:
    """The product with the barcode of the parameter `gtin`, 14 digits."""
    barcode = ProductGtin.gtin == bindparam("gtin", type_=String)
    return Product.id == func.any(_ids(select(ProductGtin.product_id).where(ProductGtin.shop_id.is_(None), barcode)))


def in_category() -> Condition:
    return Product.category_id == func.any(category_with_descendants("category_id"))


def priced_from() -> Condition:
    return Product.current_price >= bindparam("min_price", type_=Numeric(12, 2))


def priced_up_to() -> Condition:
    return Product.current_price <= bindparam("max_price", type_=Numeric(12, 2))


def of_brand() -> Condition:
    return func.lower(Product.brand) == func.lower(bindparam("brand", type_=String))


def in_stock(*, wanted: bool, branch: bool) -> Condition:
    """Some (or no) active branch has the product; only the branch of the parameter `branch_id` counts if `branch`."""
    rows = _stocked(branch=branch)
    return rows.exists() if wanted else ~rows.exists()


def stock_flag(*, branch: bool) -> ColumnElement[bool]:
    """Whether the product is in stock, as a column.

    Written so that each product is looked up: for EXISTS the planner may read the whole inventory instead.
    """
    found = _stocked(branch=branch).with_only_columns(true()).limit(literal_column("1"))
    return func.coalesce(found.scalar_subquery(), false())


def _stocked(*, branch: bool) -> Select[int]:
    rows = select(Inventory.id).where(
        Inventory.product_id == Product.id,
        Inventory.available_quantity > literal_column("0"),
        Inventory.stock_location_id == func.any(BRANCHES),
    )
    if branch:
        rows = rows.where(Inventory.stock_location_id == bindparam("branch_id", type_=BigInteger))
    return rows
