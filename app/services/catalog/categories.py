"""The category tree, as far as it is active from the root down."""

from sqlalchemy import func, select

from app.models import Category
from app.schemas import catalog as schemas
from app.schemas.envelope import PageMeta
from app.services.catalog.conditions import hidden_categories
from app.services.pages import paged, read_page
from app.transaction import reading

_COLUMNS = tuple(Category.__table__.c[name] for name in schemas.Category.model_fields)
_ACTIVE = select(*_COLUMNS).where(Category.id != func.all(hidden_categories()))
_EVERY = _ACTIVE.order_by(Category.name, Category.id)
_LISTED = paged(_ACTIVE)


def list_categories(query: schemas.CategoryQuery) -> tuple[list[schemas.Category], PageMeta]:
    """A page of the active categories, oldest first, in one statement."""
    rows, meta = read_page(_LISTED, query, {})
    return [schemas.Category.model_validate(row) for row in rows], meta


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
