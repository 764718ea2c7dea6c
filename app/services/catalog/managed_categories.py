"""Categories as managers edit them. Nothing is ever removed: a category is switched off and on."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Select, bindparam, cast, exists, func, or_, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.errors import Conflict, NotFound
from app.models import Category
from app.schemas import catalog as schemas
from app.schemas.envelope import PageMeta
from app.schemas.managed_catalog import CategoryChange, ManagedCategoryQuery, NewCategory
from app.services import audit, changes, locks
from app.services.catalog.conditions import category_with_descendants
from app.services.pages import paged, read_page
from app.services.refusals import refused_as
from app.transaction import transaction


class CategoryExists(Conflict):
    code = "DUPLICATE_CATEGORY"
    message = "There is a category of this name at this place of the tree. Choose another name."


class CategoryCircle(Conflict):
    code = "CATEGORY_CIRCLE"
    message = "A category cannot hang below itself. Choose a parent outside its own branch of the tree."


class ParentUnknown(NotFound):
    message = "There is no category with this parent_id."


_REFUSALS = {"uq_categories_parent_id_name": CategoryExists}
_MAY_BE_EMPTY = {"description", "parent_id", "icon_slug"}
_ACTIVE = cast(bindparam("is_active"), Boolean)
_LISTED: Select[Any] = paged(
    select(*(Category.__table__.c[name] for name in schemas.Category.model_fields)).where(
        or_(_ACTIVE.is_(None), Category.is_active == _ACTIVE)
    )
)
_parent_id = bindparam("parent_id", type_=BigInteger)
_EXISTS = select(exists().where(Category.id == _parent_id))
_IS_BELOW = select(_parent_id == func.any(category_with_descendants("category_id")))


def list_categories(query: ManagedCategoryQuery) -> tuple[list[schemas.Category], PageMeta]:
    """A page of all categories, inactive ones too, oldest first, in one statement."""
    rows, meta = read_page(_LISTED, query, {"is_active": query.is_active})
    return [schemas.Category.model_validate(row) for row in rows], meta


def create(form: NewCategory, caller: Caller) -> schemas.Category:
    """Add a category. Raises ParentUnknown, CategoryExists."""
    with transaction() as session:
        locks.category_tree(session)
        _check_parent(session, form.parent_id)
        category = Category(**form.model_dump())
        session.add(category)
        with refused_as(_REFUSALS):
            session.flush()
        session.refresh(category)
        new = form.model_dump()
        audit.record(session, entity_type="category", action="CREATE", entity_id=category.id, by=caller, new=new)
        return schemas.Category.model_validate(category)


def change(form: CategoryChange, caller: Caller, *, category_id: int) -> schemas.Category:
    """Change what the form names. Raises NotFound, ParentUnknown, CategoryCircle, CategoryExists."""
    given = form.model_dump(exclude_unset=True)
    values = {name: value for name, value in given.items() if value is not None or name in _MAY_BE_EMPTY}
    return _edit(values, caller, category_id=category_id, action="UPDATE")


def switch(caller: Caller, *, category_id: int, active: bool) -> schemas.Category:
    """Show a category or hide it with everything below it. Raises NotFound."""
    action = "ACTIVATE" if active else "DEACTIVATE"
    return _edit({"is_active": active}, caller, category_id=category_id, action=action)


def _edit(values: changes.Values, caller: Caller, *, category_id: int, action: str) -> schemas.Category:
    with transaction() as session:
        locks.category_tree(session)
        category = session.get(Category, category_id)
        if category is None:
            raise NotFound
        _check_parent(session, values.get("parent_id"), below=category_id)
        change = changes.apply(category, values)
        with refused_as(_REFUSALS):
            session.flush()
        changes.record(session, change, entity_type="category", action=action, entity_id=category.id, by=caller)
        return schemas.Category.model_validate(category)


def _check_parent(session: Session, parent_id: int | None, *, below: int | None = None) -> None:
    """The tree is locked, so that what is read here still holds at the commit."""
    if parent_id is None:
        return
    if not session.execute(_EXISTS, {"parent_id": parent_id}).scalar_one():
        raise ParentUnknown
    if below is not None and session.execute(_IS_BELOW, {"parent_id": parent_id, "category_id": below}).scalar_one():
        raise CategoryCircle
