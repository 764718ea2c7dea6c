"""Facets: how the matches of a search divide, counted over at most the first 10,000 of them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import CTE, ColumnElement, Label, ScalarSelect, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from app.models import Category, Product
from app.models.base import AnyRow
from app.schemas.catalog import FACETED, CategoryCount, Facets, PriceBand
from app.services.catalog.conditions import Condition, stock_flag

BANDS = (Decimal(0), Decimal(10), Decimal(20), Decimal(50), Decimal(100))
"""Where the price bands begin, in the shop's currency; the last one has no end."""


def facet_columns(matching: Sequence[Condition], *, branch: bool) -> list[Label[Any]]:
    """Scalar columns that count what satisfies `matching`; with `branch`, stock means the branch's."""
    counted = (
        select(
            Product.category_id, Product.current_price, Product.is_organic, stock_flag(branch=branch).label("stocked")
        )
        .where(*matching)
        .limit(literal_column(str(FACETED)))
        .cte("counted")
    )
    return [
        _by_category(counted).label("facet_categories"),
        _by_price(counted).label("facet_bands"),
        _number(counted, counted.c.is_organic).label("facet_organic"),
        _number(counted, counted.c.stocked).label("facet_in_stock"),
    ]


def facets_of(row: AnyRow) -> Facets:
    """The answer for the columns of `facet_columns`."""
    return _facets(row.facet_categories or [], dict(row.facet_bands or []), row.facet_organic, row.facet_in_stock)


def no_facets() -> Facets:
    """The facets of an empty list."""
    return _facets([], {}, 0, 0)


def _facets(categories: list[tuple[int, str, int]], bands: dict[int, int], organic: int, in_stock: int) -> Facets:
    ends = (*BANDS[1:], None)
    return Facets(
        categories=[CategoryCount(category_id=key, name=name, count=count) for key, name, count in categories],
        price_bands=[
            PriceBand(min_price=start, max_price=end, count=bands.get(place, 0))
            for place, (start, end) in enumerate(zip(BANDS, ends, strict=True), 1)
        ],
        organic=organic,
        in_stock=in_stock,
    )


def _by_category(counted: CTE) -> ScalarSelect[Any]:
    """[[category id, name, count], ...], the fullest category first."""
    groups = select(counted.c.category_id, func.count().label("number")).group_by(counted.c.category_id).subquery()
    line = func.jsonb_build_array(Category.id, Category.name, groups.c.number)
    lines = func.jsonb_agg(aggregate_order_by(line, groups.c.number.desc(), Category.id), type_=JSONB)
    return select(lines).join_from(groups, Category, Category.id == groups.c.category_id).scalar_subquery()


def _by_price(counted: CTE) -> ScalarSelect[Any]:
    """[[number of the band from 1, count], ...]"""
    starts: ColumnElement[Any] = literal_column(f"'{{{','.join(map(str, BANDS))}}}'::numeric[]")
    band = func.width_bucket(counted.c.current_price, starts)
    groups = select(band.label("band"), func.count().label("number")).group_by(band).subquery()
    return select(func.jsonb_agg(func.jsonb_build_array(groups.c.band, groups.c.number), type_=JSONB)).scalar_subquery()


def _number(counted: CTE, flag: ColumnElement[Any]) -> ScalarSelect[Any]:
    return select(func.count().filter(flag)).select_from(counted).scalar_subquery()
