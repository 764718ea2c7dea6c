"""Recipes by what a shopper has on the checklist or in the trolley."""

from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, exists, func, select, true
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.errors import NotFound
from app.models import CartItem, CartSession, ChecklistItem, Product, Recipe, RecipeProduct
from app.schemas.checklists import ChecklistLine
from app.schemas.envelope import PageMeta
from app.schemas.recipes import RecipeDetail, RecipeIngredient, RecipeMatch, RecipeQuery
from app.services import checklists, diets
from app.services.catalog import conditions
from app.services.pages import newest_first
from app.services.trolleys.refusals import NoTrolley
from app.services.trolleys.shopper_products import COLUMNS, product_fields, shopper_product
from app.transaction import reading, transaction


class RecipeNotFound(NotFound):
    code = "RECIPE_NOT_FOUND"
    message = "There is no such recipe."


_user_id = bindparam("user_id", type_=BigInteger)
_recipe_id = bindparam("recipe_id", type_=BigInteger)
_OPEN = (CartSession.user_id == _user_id, CartSession.closed_at.is_(None))
_HAD: dict[str, Select[Any]] = {
    "checklist": select(ChecklistItem.product_id).where(ChecklistItem.user_id == _user_id),
    "cart": select(CartItem.product_id).join(CartSession, CartSession.cart_id == CartItem.cart_id).where(*_OPEN),
}


_SOLD = (
    select(RecipeProduct.recipe_id, RecipeProduct.product_id)
    .join(Product, Product.id == RecipeProduct.product_id)
    .where(*conditions.listed())
    .subquery("sold")
)
_TOTAL = select(func.count()).where(_SOLD.c.recipe_id == Recipe.id).correlate(Recipe).scalar_subquery()


def _with_some_of(had: Select[Any]) -> Select[Any]:
    """The recipes that need a product the shopper has."""
    found = (
        select(_SOLD.c.recipe_id, func.min(_SOLD.c.product_id).label("first_id"), func.count().label("number"))
        .where(_SOLD.c.product_id.in_(had))
        .group_by(_SOLD.c.recipe_id)
        .subquery("found")
    )
    return (
        select(
            Recipe.id,
            Recipe.name.label("recipe_name"),
            found.c.number.label("products_had"),
            _TOTAL.label("products_total"),
            *COLUMNS,
        )
        .select_from(found)
        .join(Recipe, Recipe.id == found.c.recipe_id)
        .join(Product, Product.id == found.c.first_id)
    )


_MATCHES = {source: _with_some_of(had) for source, had in _HAD.items()}
_HAS_TROLLEY = select(exists().where(*_OPEN))


def find(query: RecipeQuery, caller: Caller) -> tuple[list[RecipeMatch], PageMeta]:
    """Recipes with something the caller has, newest first, in one statement; a second tells an empty trolley from none.

    Raises NoTrolley, ValidationFailed for a cursor of another list.
    """
    values = {"user_id": caller.user_id, "diet_user_id": diets.shopper_id(caller)}
    rows, meta = newest_first(_MATCHES[query.source], Recipe.id, query, values)
    if not rows and query.source == "cart":
        _check_trolley(caller)
    found = [
        RecipeMatch(
            recipe_id=row.id,
            recipe_name=row.recipe_name,
            product_id=row.product_id,
            product=shopper_product(row),
            products_had=row.products_had,
            products_total=row.products_total,
        )
        for row in rows
    ]
    return found, meta


def _check_trolley(caller: Caller) -> None:
    with reading() as connection:
        if not connection.execute(_HAS_TROLLEY, {"user_id": caller.user_id}).scalar_one():
            raise NoTrolley


_INGREDIENTS = (
    select(RecipeProduct.quantity, *COLUMNS)
    .join(Product, Product.id == RecipeProduct.product_id)
    .where(RecipeProduct.recipe_id == _recipe_id, *conditions.listed())
    .subquery("ingredients")
)
_DETAIL: Select[Any] = (
    select(Recipe.id, Recipe.name, Recipe.description, *_INGREDIENTS.c)
    .outerjoin(_INGREDIENTS, true())
    .where(Recipe.id == _recipe_id)
    .order_by(_INGREDIENTS.c.product_id)
)


def show(caller: Caller, *, recipe_id: int) -> RecipeDetail:
    """A recipe with all its products that are sold now, in one statement. Raises RecipeNotFound."""
    with reading() as connection:
        rows = connection.execute(_DETAIL, {"recipe_id": recipe_id, "diet_user_id": caller.user_id}).all()
    if not rows:
        raise RecipeNotFound
    products = [row for row in rows if row.product_id is not None]
    return RecipeDetail(
        recipe_id=rows[0].id,
        recipe_name=rows[0].name,
        description=rows[0].description,
        products=[RecipeIngredient(**product_fields(row), quantity=row.quantity) for row in products],
    )


_EXISTS = select(exists().where(Recipe.id == _recipe_id))


def add_to_checklist(caller: Caller, *, recipe_id: int) -> list[ChecklistLine]:
    """Put all products of a recipe on the caller's checklist, on top of what is there; returns their lines.

    Raises RecipeNotFound, ChecklistQuantityLimit.
    """
    with transaction() as session:
        _check_recipe(session, recipe_id)
        return checklists.add_recipe(session, caller, recipe_id=recipe_id)


def _check_recipe(session: Session, recipe_id: int) -> None:
    if not session.execute(_EXISTS, {"recipe_id": recipe_id}).scalar_one():
        raise RecipeNotFound
