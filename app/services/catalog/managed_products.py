"""Products as managers see them: inactive ones too, and found by their SKU as well."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, Text, bindparam, func, null, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from app.config import settings
from app.errors import NotFound
from app.models import Product
from app.models.base import AnyRow
from app.schemas.catalog import Product as Shown
from app.schemas.envelope import PageMeta
from app.schemas.managed_catalog import ManagedProduct, ManagedProductQuery
from app.services.catalog import asked, conditions
from app.services.catalog.asked import Kind
from app.services.catalog.shown import with_details
from app.services.pages import counted, read_page
from app.transaction import reading

# The price of an edit form must be the ordinary one: saved again during a sale, the sale price would outlive the sale.
_OF_MANAGERS = (
    Product.created_at,
    Product.updated_at,
    Product.price.label("ordinary_price"),
    Product.sale_price,
    Product.sale_starts_at,
    Product.sale_ends_at,
    Product.weight_tolerance_grams,
    Product.is_frozen,
)
_KEPT = tuple(column.key for column in _OF_MANAGERS if column.key != "ordinary_price")
_ONE = with_details(
    select(Product.id)
    .where(Product.id == bindparam("product_id", type_=BigInteger), Product.shop_id.is_(None))
    .subquery("place"),
    branch=False,
).add_columns(*_OF_MANAGERS)


@dataclass(frozen=True)
class _Shape:
    """What decides the text of the list's statement; values travel as parameters."""

    kind: Kind
    category: bool
    is_active: bool | None
    cursor: bool


def show(product_id: int) -> ManagedProduct:
    """A product of the supermarket's own range, active or not. Raises NotFound."""
    with reading() as connection:
        row = connection.execute(_ONE, {"product_id": product_id, "currency": settings().currency}).one_or_none()
    if row is None:
        raise NotFound("There is no such product.")
    return _shown(row)


def find(query: ManagedProductQuery) -> tuple[list[ManagedProduct], PageMeta]:
    """A page of the products a query asks for, newest first, in one statement."""
    wanted = asked.understood(query.q)
    shape = _Shape(wanted.kind, query.category_id is not None, query.is_active, query.cursor is not None)
    values = {**wanted.parameters, "category_id": query.category_id, "skus": _as_skus(query.q or "")}
    values["currency"] = settings().currency
    rows, meta = read_page(_statement(shape), query, values)
    return [_shown(row) for row in rows], meta


@lru_cache(maxsize=64)
def _statement(shape: _Shape) -> Select[Any]:
    """The page's rows, each with the number of all matches, null after a cursor; one row when there is none."""
    matching = _matching(shape)
    places = select(Product.id).where(*matching)
    if shape.cursor:
        places = places.where(Product.id < bindparam("last_id", type_=BigInteger))
    page_of_ids = places.order_by(Product.id.desc()).limit(bindparam("rows", type_=Integer))
    chosen = page_of_ids.offset(bindparam("offset", type_=Integer)).subquery("places")
    page = with_details(chosen, branch=False).add_columns(*_OF_MANAGERS).subquery("page")
    matches: ColumnElement[Any] = null() if shape.cursor else counted(select(Product.id).where(*matching))
    total = select(matches.label("rows_in_all")).subquery("counted")
    return select(*page.c, total.c.rows_in_all).select_from(total).outerjoin(page, true()).order_by(page.c.id.desc())


def _matching(shape: _Shape) -> list[conditions.Condition]:
    found: list[conditions.Condition] = [Product.shop_id.is_(None)]
    if shape.is_active is not None:
        found.append(Product.is_active if shape.is_active else ~Product.is_active)
    if shape.category:
        found.append(conditions.in_category())
    if shape.kind is not Kind.EVERYTHING:
        found.append(or_(*_named(shape.kind)))
    return found


def _named(kind: Kind) -> list[conditions.Condition]:
    """By SKU, and by barcode or by the words that search understands."""
    by_sku: conditions.Condition = Product.sku == func.any(bindparam("skus", type_=ARRAY(Text)))
    if kind is Kind.NOTHING:
        return [by_sku]
    if kind is Kind.BARCODE:
        return [by_sku, conditions.with_barcode()]
    words = select(asked.text_query(Kind.WORDS).c.wide).scalar_subquery()
    return [by_sku, Product.search_vector.op("@@")(words)]


def _as_skus(typed: str) -> list[str]:
    """What was typed, and its capitals: most SKUs are written in them."""
    return [typed, typed.upper()]


def _shown(row: AnyRow) -> ManagedProduct:
    values = {name: getattr(row, name) for name in (*Shown.model_fields, *_KEPT)}
    return ManagedProduct.model_construct(**values | {"price": row.ordinary_price})
