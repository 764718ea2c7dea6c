"""Pages of short tables: the rows and how many there are, in one statement."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Integer, Select, bindparam, func, select, true

from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.pagination import LenientPage, Page, decode_cursor, encode_cursor, page_meta
from app.transaction import reading


def paged(rows: Select[Any]) -> Select[Any]:
    """The statement for a page of `rows`, which have an `id`, by ascending id; build it once, at module level.

    Every row is counted: for tables of at most some thousands.
    """
    every = rows.cte("every_row")
    counted = select(func.count().label("total")).select_from(every).subquery("counted")
    page = (
        select(*every.c)
        .where(every.c.id > bindparam("last_id", type_=BigInteger))
        .order_by(every.c.id)
        .limit(bindparam("rows", type_=Integer))
        .offset(bindparam("offset", type_=Integer))
        .subquery("page")
    )
    return select(*page.c, counted.c.total).select_from(counted).outerjoin(page, true()).order_by(page.c.id)


def read_page(
    statement: Select[Any], query: Page | LenientPage, values: Mapping[str, Any]
) -> tuple[Sequence[AnyRow], PageMeta]:
    """The rows of the page a query asks for. `values` are the parameters of the rows themselves."""
    last_id, offset = 0, query.offset
    if query.cursor is not None:
        (last_id,), offset = decode_cursor(query.cursor, int), 0
    place = {"last_id": last_id, "offset": offset, "rows": query.limit + 1}
    with reading() as connection:
        rows = connection.execute(statement, {**values, **place}).all()
    found = [row for row in rows if row.id is not None]
    shown, has_next = found[: query.limit], len(found) > query.limit
    return shown, page_meta(
        limit=query.limit,
        offset=query.offset,
        total=rows[0].total,
        has_next=has_next,
        next_cursor=encode_cursor(shown[-1].id) if has_next else None,
    )
