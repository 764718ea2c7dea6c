"""The category tree, as far as it is active from the root down."""

from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, func, select, true

from app.models import Category
from app.schemas import catalog as schemas
from app.schemas.envelope import PageMeta
from app.schemas.pagination import decode_cursor, encode_cursor, page_meta
from app.services.catalog.conditions import hidden_categories
from app.transaction import reading

_COLUMNS = (
    Category.id,
    Category.parent_id,
    Category.name,
    Category.icon_slug,
    Category.description,
    Category.is_active,
)
_ACTIVE = select(*_COLUMNS).where(Category.id != func.all(hidden_categories())).cte("active")
_EVERY: Select[Any] = select(*_ACTIVE.c).order_by(_ACTIVE.c.name, _ACTIVE.c.id)

_COUNT = select(func.count().label("total")).select_from(_ACTIVE).subquery("counted")
_PAGE = (
    select(*_ACTIVE.c)
    .where(_ACTIVE.c.id > bindparam("last_id", type_=BigInteger))
    .order_by(_ACTIVE.c.id)
    .limit(bindparam("rows"))
    .offset(bindparam("offset"))
    .subquery("page")
)
_LISTED: Select[Any] = (
    select(_COUNT.c.total, *_PAGE.c).select_from(_COUNT).outerjoin(_PAGE, true()).order_by(_PAGE.c.id)
)


def list_categories(query: schemas.CategoryQuery) -> tuple[list[schemas.Category], PageMeta]:
    """A page of the active categories, oldest first, in one statement."""
    last_id, offset = 0, query.offset
    if query.cursor is not None:
        (last_id,), offset = decode_cursor(query.cursor, int), 0
    values = {"last_id": last_id, "offset": offset, "rows": query.limit + 1}
    with reading() as connection:
        rows = connection.execute(_LISTED, values).all()
    found = [row for row in rows if row.id is not None]
    shown, has_next = found[: query.limit], len(found) > query.limit
    meta = page_meta(
        limit=query.limit,
        offset=query.offset,
        total=rows[0].total,
        has_next=has_next,
        next_cursor=encode_cursor(shown[-1].id) if has_next else None,
    )
    return [schemas.Category.model_validate(_without_total(row)) for row in shown], meta


def tree() -> list[schemas.CategoryNode]:
    """The active roots with everything active below them, by name, in one statement."""
    with reading() as connection:
        rows = connection.execute(_EVERY).all()
    nodes = {row.id: schemas.CategoryNode(**row._mapping, children=[]) for row in rows}
    roots: list[schemas.CategoryNode] = []
    for node in nodes.values():
        siblings = roots if node.parent_id is None else nodes[node.parent_id].children
        siblings.append(node)
    return roots


def _without_total(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name != "total"}
