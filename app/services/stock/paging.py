"""Pages of staff's lists, newest first."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute

from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.pagination import Page, decode_cursor, encode_cursor, page_meta
from app.transaction import reading

COUNTED_UP_TO = 1000


def newest_first(
    rows: Select[Any], key: InstrumentedAttribute[int], page: Page, values: Mapping[str, Any]
) -> tuple[list[AnyRow], PageMeta]:
    """A page of `rows` by falling `key`, selected as `id`, with the count up to 1,000 (one statement).

    `values` are the parameters of `rows`. Raises ValidationFailed for a cursor of another list.
    """
    counted = rows.with_only_columns(key, maintain_column_froms=True).limit(literal_column(str(COUNTED_UP_TO + 1)))
    total = select(func.count()).select_from(counted.subquery()).scalar_subquery()
    chosen = rows.add_columns(total.label("total")).order_by(key.desc()).limit(page.limit + 1)
    if page.cursor is not None:
        chosen = chosen.where(key < decode_cursor(page.cursor, int)[0])
    else:
        chosen = chosen.offset(page.offset)
    with reading() as connection:
        found = connection.execute(chosen, values).all()
    return list(found[: page.limit]), _meta(found, page)


def _meta(found: Any, page: Page) -> PageMeta:
    """`total` is exact up to 1,000, and unknown where an empty page brought no count along."""
    has_next = len(found) > page.limit
    if found:
        total = found[0].total if found[0].total <= COUNTED_UP_TO else None
    else:
        total = 0 if page.offset == 0 and page.cursor is None else None
    following = encode_cursor(found[page.limit - 1].id) if has_next else None
    return page_meta(limit=page.limit, offset=page.offset, total=total, has_next=has_next, next_cursor=following)
