"""Pages with the number of all rows, in one statement: of short tables oldest first, of long ones newest first."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    ScalarSelect,
    Select,
    Subquery,
    bindparam,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute

from app.models.base import AnyRow
from app.schemas.envelope import PageMeta
from app.schemas.pagination import COUNTED_UP_TO, LenientPage, Page, decode_cursor, encode_cursor, page_meta
from app.transaction import reading

Statement = Select[*tuple[Any, ...]]


def paged(rows: Statement) -> Statement:
    """The statement for a page of `rows`, which have an `id`, by ascending id; build it once, at module level.

    Every row is read and counted: for tables of at most some thousands.
    """
    every = rows.cte("every_row")
    counted = select(func.count().label("rows_in_all")).select_from(every).subquery("counted")
    page = _after(select(*every.c), every.c.id)
    return select(*page.c, counted.c.rows_in_all).select_from(counted).outerjoin(page, true()).order_by(page.c.id)


def paged_and_capped(rows: Statement, key: InstrumentedAttribute[int]) -> Statement:
    """The same for longer tables, by ascending `key`, selected as `id`: counted up to 1,000 rows, null beyond."""
    total = select(counted(rows.with_only_columns(key)).label("rows_in_all")).subquery("counted")
    page = _after(rows, key)
    return select(*page.c, total.c.rows_in_all).select_from(total).outerjoin(page, true()).order_by(page.c.id)


def _after(rows: Statement, key: Any) -> Subquery:
    following = rows.where(key > bindparam("last_id", type_=BigInteger)).order_by(key)
    limited = following.limit(bindparam("rows", type_=Integer)).offset(bindparam("offset", type_=Integer))
    return limited.subquery("page")


def read_page(
    statement: Statement, query: Page | LenientPage, values: Mapping[str, Any]
) -> tuple[Sequence[AnyRow], PageMeta]:
    """The rows of the page a query asks for. `values` are the parameters of the rows themselves.

    Raises ValidationFailed for a cursor of another list.
    """
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
        total=rows[0].rows_in_all,
        has_next=has_next,
        next_cursor=encode_cursor(shown[-1].id) if has_next else None,
    )


def newest_first(
    rows: Statement, key: InstrumentedAttribute[int], page: Page, values: Mapping[str, Any]
) -> tuple[Sequence[AnyRow], PageMeta]:
    """A page of `rows` by falling `key`, selected as `id`, with the count up to 1,000.

    `values` are the parameters of `rows`. Raises ValidationFailed for a cursor of another list.
    """
    chosen = with_total(rows, key).order_by(key.desc()).limit(page.limit + 1)
    if page.cursor is not None:
        chosen = chosen.where(key < decode_cursor(page.cursor, int)[0])
    else:
        chosen = chosen.offset(page.offset)
    with reading() as connection:
        found = connection.execute(chosen, values).all()
    return found[: page.limit], meta_of(found, page, lambda row: encode_cursor(row.id))


def with_total(rows: Statement, key: InstrumentedAttribute[int]) -> Statement:
    """`rows`, each with the number of all of them as `total`."""
    return rows.add_columns(counted(rows.with_only_columns(key, maintain_column_froms=True)).label("total"))


def counted(rows: Statement) -> ScalarSelect[Any]:
    """How many rows there are up to 1,000, null beyond."""
    some = rows.limit(literal_column(str(COUNTED_UP_TO + 1))).subquery()
    return select(func.nullif(func.count(), COUNTED_UP_TO + 1)).select_from(some).scalar_subquery()


def meta_of(found: Sequence[AnyRow], page: Page, cursor_after: Callable[[AnyRow], str]) -> PageMeta:
    """The `meta` of a page whose rows carry their `total`, and were read with one more than the page has."""
    return page_meta(
        limit=page.limit,
        offset=page.offset,
        total=total_of(found, is_first=page.offset == 0 and page.cursor is None),
        has_next=len(found) > page.limit,
        next_cursor=cursor_after(found[page.limit - 1]) if len(found) > page.limit else None,
    )


def total_of(found: Sequence[AnyRow], *, is_first: bool) -> int | None:
    """The `total` the rows of a page carry. An empty page brings none along, but says 0 if it is the first."""
    if found:
        total: int | None = found[0].total
        return total
    return 0 if is_first else None
