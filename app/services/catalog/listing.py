"""Every list of products: one statement for each shape of request, built once and kept.

A statement picks the places of the page first (id and sort key, straight from an index) and looks up the rest for these
few rows. The limit is a literal, not a parameter: with a parameter PostgreSQL would plan anew on every call.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    DateTime,
    Double,
    Integer,
    Numeric,
    Select,
    Subquery,
    Text,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)

from app.config import settings
from app.domain.enums import ProductSort
from app.models import Product
from app.models.base import AnyRow
from app.prepared import Prepared
from app.schemas.catalog import CatalogMeta, CategoryProductsQuery, FeaturedQuery, SearchQuery
from app.schemas.pagination import LenientPage, decode_cursor, encode_cursor
from app.schemas.written import Json
from app.services.catalog import asked, conditions
from app.services.catalog.asked import Asked, Kind
from app.services.catalog.facets import facet_columns, facets_of, no_facets
from app.services.catalog.shown import as_json

COUNTED = 1_000
RANKED = 1_000
_PAGE_SIZES = (10, 20, 50, 100, 200)

_SORTS = {
    ProductSort.PRICE: ProductSort.PRICE_ASC,
    ProductSort.NAME: ProductSort.NAME_ASC,
    ProductSort.DATE: ProductSort.UPDATED_AT_DESC,
}
_KEYS: dict[ProductSort, tuple[Any, Any, type]] = {
    ProductSort.PRICE_ASC: (Product.current_price, Numeric(12, 2), Decimal),
    ProductSort.PRICE_DESC: (Product.current_price, Numeric(12, 2), Decimal),
    # The normalised name: case and accents do not count, as in a dictionary.
    ProductSort.NAME_ASC: (Product.search_name, Text, str),
    ProductSort.NAME_DESC: (Product.search_name, Text, str),
    ProductSort.UPDATED_AT_DESC: (Product.updated_at, DateTime(timezone=True), datetime),
    ProductSort.RELEVANCE: (None, Double, float),
}
_ASCENDING = {ProductSort.PRICE_ASC, ProductSort.NAME_ASC}


@dataclass(frozen=True)
class Shape:
    """What decides the text of a statement; values travel as parameters."""

    kind: Kind
    sort: ProductSort
    size: int
    offset: bool
    cursor: bool
    category: bool
    branch: bool
    min_price: bool
    max_price: bool
    brand: bool
    organic: bool
    in_stock: bool | None
    facets: bool


def find(query: SearchQuery) -> tuple[list[Json], CatalogMeta]:
    """The products a query asks for, in one statement. Raises ValidationFailed for a foreign cursor."""
    wanted = asked.understood(query.q)
    if wanted.kind is Kind.NOTHING:
        return [], _meta(query, total=0)
    shape = _shape(query, wanted.kind)
    rows = _statement(shape).all(**_parameters(query, wanted, shape))
    return _page(query, shape, rows)


def of_category(category_id: int, query: CategoryProductsQuery) -> tuple[list[Json], CatalogMeta]:
    """The products of a category and of everything below it; none for an unknown category."""
    wanted = SearchQuery(category_id=category_id, branch_id=query.branch_id, sort=query.sort)
    return find(_at(wanted, query))


def featured(query: FeaturedQuery) -> list[Json]:
    """The products updated last."""
    wanted = SearchQuery(branch_id=query.branch_id, sort=ProductSort.UPDATED_AT_DESC)
    return find(_at(wanted, query))[0]


def _at(wanted: SearchQuery, page: LenientPage) -> SearchQuery:
    return wanted.model_copy(update={"limit": page.limit, "offset": page.offset, "cursor": page.cursor})


def _shape(query: SearchQuery, kind: Kind) -> Shape:
    by_default = ProductSort.RELEVANCE if kind in (Kind.WORDS, Kind.NUMBER) else ProductSort.ID
    sort = query.sort or by_default
    if sort is ProductSort.RELEVANCE:  # without words every product is equally relevant
        sort = by_default
    return Shape(
        kind=kind,
        sort=_SORTS.get(sort, sort),
        size=next(size for size in _PAGE_SIZES if size >= query.limit),
        offset=query.offset > 0 and query.cursor is None,
        cursor=query.cursor is not None,
        category=query.category_id is not None,
        branch=query.branch_id is not None,
        min_price=query.min_price is not None,
        max_price=query.max_price is not None,
        brand=bool(query.brand),
        organic=query.organic_only,
        in_stock=query.in_stock,
        facets=query.facets,
    )


def _parameters(query: SearchQuery, wanted: Asked, shape: Shape) -> dict[str, Any]:
    names = ("offset", "category_id", "branch_id", "min_price", "max_price", "brand")
    values = {name: getattr(query, name) for name in names} | {"currency": settings().currency}
    if query.cursor is None:
        return values | wanted.parameters
    if shape.sort is ProductSort.ID:
        (last,) = decode_cursor(query.cursor, int)
        return values | wanted.parameters | {"last_id": last}
    key, last = decode_cursor(query.cursor, _KEYS[shape.sort][2], int)
    return values | wanted.parameters | {"last_key": key, "last_id": last}


@lru_cache(maxsize=1024)
def _statement(shape: Shape) -> Prepared:
    """The page's rows; on pages without cursor also `total` (one row without product when the page is empty)."""
    text_query = asked.text_query(shape.kind) if shape.kind in (Kind.WORDS, Kind.NUMBER) else None
    matching = _conditions(shape, text_query)
    ranked = _ranked(shape, matching, text_query) if shape.sort is ProductSort.RELEVANCE else None
    places = _places(shape, matching, ranked)
    page = as_json(places, branch=shape.branch).add_columns(places.c.id, places.c.sort_key)
    if not _counts(shape):
        return Prepared(page.order_by(*_order(shape, places.c.sort_key, places.c.id)))
    rows = page.subquery("page")
    extras = [_total(matching, ranked).label("total")]
    extras += facet_columns(matching, branch=shape.branch) if shape.facets else []
    one = select(literal_column("1").label("one")).subquery("one")
    statement = select(*rows.c, *extras).select_from(one).outerjoin(rows, true())
    return Prepared(statement.order_by(*_order(shape, rows.c.sort_key, rows.c.id)))


def _counts(shape: Shape) -> bool:
    return not shape.cursor or shape.facets


def _conditions(shape: Shape, text_query: CTE | None) -> list[conditions.Condition]:
    found = conditions.listed()
    chosen = (
        (shape.category, conditions.in_category),
        (shape.min_price, conditions.priced_from),
        (shape.max_price, conditions.priced_up_to),
        (shape.brand, conditions.of_brand),
    )
    found += [condition() for present, condition in chosen if present]
    if shape.organic:
        found.append(Product.is_organic)
    if shape.in_stock is not None:
        found.append(conditions.in_stock(wanted=shape.in_stock, branch=shape.branch))
    return found + _asked_for(shape.kind, text_query)


def _asked_for(kind: Kind, text_query: CTE | None) -> list[conditions.Condition]:
    if kind is Kind.BARCODE:
        return [conditions.with_barcode()]
    if text_query is None:
        return []
    in_text = Product.search_vector.op("@@")(select(text_query.c.wide).scalar_subquery())
    return [or_(in_text, _in_asked_category()) if kind is Kind.NUMBER else in_text]


def _in_asked_category() -> conditions.Condition:
    return Product.category_id == func.any(conditions.category_with_descendants("asked_category_id"))


def _ranked(shape: Shape, matching: list[conditions.Condition], text_query: CTE | None) -> CTE:
    """The first thousand matches with their rank: whole words before beginnings, names before texts, short names
    before long ones, products of a category asked for by its id before all others."""
    if text_query is None:
        raise AssertionError("only a text can be ranked")
    wide, exact = (select(column).scalar_subquery() for column in (text_query.c.wide, text_query.c.exact))
    one: ColumnElement[int] = literal_column("1")
    two: ColumnElement[int] = literal_column("2")
    closeness = func.ts_rank(Product.search_vector, wide) + two * func.ts_rank(Product.search_vector, exact)
    rank: ColumnElement[Any] = closeness / (one + func.ln(one + func.length(Product.search_name)))
    if shape.kind is Kind.NUMBER:
        rank = rank + case((_in_asked_category(), literal_column("10")), else_=literal_column("0"))
    statement = select(Product.id, rank.cast(Double).label("sort_key")).where(*matching)
    return statement.limit(literal_column(str(RANKED + 1))).cte("ranked")


def _places(shape: Shape, matching: list[conditions.Condition], ranked: CTE | None) -> Subquery:
    """Id and sort key of the page's rows and of one more, which tells whether there is a next page."""
    row_id: Any = Product.id
    key: Any = Product.id if shape.sort is ProductSort.ID else _KEYS[shape.sort][0]
    if ranked is not None:
        row_id, key = ranked.c.id, ranked.c.sort_key
        statement: Select[Any] = select(row_id, key)
    else:
        statement = select(row_id, key.label("sort_key")).where(*matching)
    if shape.cursor:
        statement = statement.where(_after_cursor(shape, key, row_id))
    statement = statement.order_by(*_order(shape, key, row_id)).limit(literal_column(str(shape.size + 1)))
    if shape.offset:
        statement = statement.offset(bindparam("offset", type_=Integer))
    return statement.subquery("places")


def _after_cursor(shape: Shape, key: Any, row_id: Any) -> conditions.Condition:
    """A row-value comparison, which an index answers at any depth."""
    last_id = bindparam("last_id", type_=BigInteger)
    if shape.sort is ProductSort.ID:
        below: conditions.Condition = row_id < last_id
        return below
    place = tuple_(key, row_id)
    last = tuple_(bindparam("last_key", type_=_KEYS[shape.sort][1]), last_id)
    return place > last if shape.sort in _ASCENDING else place < last


def _order(shape: Shape, key: Any, row_id: Any) -> tuple[Any, ...]:
    if shape.sort is ProductSort.ID:
        return (row_id.desc(),)
    return (key.asc(), row_id.asc()) if shape.sort in _ASCENDING else (key.desc(), row_id.desc())


def _total(matching: list[conditions.Condition], ranked: CTE | None) -> Any:
    """How many match, counted up to one more than is told exactly."""
    if ranked is not None:
        return select(func.count()).select_from(ranked).scalar_subquery()
    capped: Select[Any] = select(literal_column("1")).select_from(Product).where(*matching)
    capped_rows = capped.limit(literal_column(str(COUNTED + 1))).subquery("capped")
    return select(func.count()).select_from(capped_rows).scalar_subquery()


def _page(query: SearchQuery, shape: Shape, rows: list[AnyRow]) -> tuple[list[Json], CatalogMeta]:
    found = [row for row in rows if row.id is not None]
    shown, has_next = found[: query.limit], len(found) > query.limit
    total = rows[0].total if _counts(shape) else None
    meta = _meta(query, total=total if total is not None and total <= COUNTED else None)
    meta.has_next = has_next
    meta.next_cursor = _cursor_after(shape, shown[-1]) if has_next else None
    if shape.facets:
        meta.facets = facets_of(rows[0])
    return [Json(row.product) for row in shown], meta


def _cursor_after(shape: Shape, row: AnyRow) -> str:
    return encode_cursor(row.id) if shape.sort is ProductSort.ID else encode_cursor(row.sort_key, row.id)


def _meta(query: SearchQuery, *, total: int | None) -> CatalogMeta:
    facets = no_facets() if query.facets else None
    return CatalogMeta(total=total, limit=query.limit, offset=query.offset, facets=facets)
