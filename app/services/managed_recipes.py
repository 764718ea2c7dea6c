"""Recipes as managers edit them. Their products are of the supermarket's own range, on sale or not."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, delete, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, insert
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.errors import Conflict, NotFound
from app.models import Product, Recipe, RecipeProduct
from app.schemas.envelope import PageMeta
from app.schemas.managed_recipes import Ingredient, ManagedRecipe, NewRecipe, RecipeChange
from app.schemas.pagination import Page
from app.services import audit, changes, locks
from app.services.pages import newest_first
from app.services.recipes import RecipeNotFound
from app.services.refusals import refused_as
from app.transaction import reading, transaction


class RecipeExists(Conflict):
    code = "DUPLICATE_RECIPE"
    message = "There is a recipe of this name. Choose another one."


class IngredientUnknown(NotFound):
    """`details.product_ids` lists the products that are not of the supermarket's own range."""

    code = "PRODUCT_NOT_FOUND"
    message = "Some of the products are not in the catalog; details.product_ids lists them."


_REFUSALS = {"uq_recipes_name": RecipeExists}
_OF_RECIPE = func.json_build_object(
    "product_id", Product.id, "product_name", Product.name,
    "quantity", RecipeProduct.quantity, "is_active", Product.is_active,
)  # fmt: skip
_PRODUCTS = (
    select(func.coalesce(func.json_agg(aggregate_order_by(_OF_RECIPE, Product.id)), literal_column("'[]'")))
    .select_from(RecipeProduct)
    .join(Product, Product.id == RecipeProduct.product_id)
    .where(RecipeProduct.recipe_id == Recipe.id)
    .correlate(Recipe)
    .scalar_subquery()
    .label("products")
)
_ROWS: Select[Any] = select(Recipe.id, Recipe.name, Recipe.description, Recipe.created_at, Recipe.updated_at, _PRODUCTS)
_ONE = _ROWS.where(Recipe.id == bindparam("recipe_id", type_=BigInteger))


def list_recipes(page: Page) -> tuple[list[ManagedRecipe], PageMeta]:
    """A page of all recipes with their products, newest first, in one statement."""
    rows, meta = newest_first(_ROWS, Recipe.id, page, {})
    return [ManagedRecipe.model_validate(row) for row in rows], meta


def show(recipe_id: int) -> ManagedRecipe:
    """A recipe with its products, those off sale too. Raises RecipeNotFound."""
    with reading() as connection:
        row = connection.execute(_ONE, {"recipe_id": recipe_id}).one_or_none()
    if row is None:
        raise RecipeNotFound
    return ManagedRecipe.model_validate(row)


def create(form: NewRecipe, caller: Caller) -> ManagedRecipe:
    """Add a recipe. Raises RecipeExists, IngredientUnknown."""
    with transaction() as session:
        recipe = Recipe(name=form.name, description=form.description)
        session.add(recipe)
        with refused_as(_REFUSALS):
            session.flush()
        _set_products(session, recipe.id, form.products)
        new = form.model_dump()
        audit.record(session, entity_type="recipe", action="CREATE", entity_id=recipe.id, by=caller, new=new)
        made: int = recipe.id
    return show(made)


def change(form: RecipeChange, caller: Caller, *, recipe_id: int) -> ManagedRecipe:
    """Change what the form names. Raises RecipeNotFound, RecipeExists, IngredientUnknown."""
    given = form.model_dump(exclude_unset=True, exclude={"products"})
    values = {name: value for name, value in given.items() if value is not None or name == "description"}
    with transaction() as session:
        recipe = _locked(session, recipe_id)
        change = changes.apply(recipe, values)
        with refused_as(_REFUSALS):
            session.flush()
        if form.products is not None:
            change = change.and_then(_replace_products(session, recipe_id, form.products))
        changes.record(session, change, entity_type="recipe", entity_id=recipe_id, by=caller)
    return show(recipe_id)


def remove(caller: Caller, *, recipe_id: int) -> None:
    """Take a recipe out of the book; checklists keep the products it put there. Raises RecipeNotFound."""
    with transaction() as session:
        recipe = _locked(session, recipe_id)
        old = {"name": recipe.name, "description": recipe.description, "products": _products(session, recipe_id)}
        session.delete(recipe)
        audit.record(session, entity_type="recipe", action="DELETE", entity_id=recipe_id, by=caller, old=old)


def _locked(session: Session, recipe_id: int) -> Recipe:
    recipe = locks.recipe(session, recipe_id=recipe_id)
    if recipe is None:
        raise RecipeNotFound
    return recipe


_NOW = (
    select(RecipeProduct.product_id, RecipeProduct.quantity)
    .where(RecipeProduct.recipe_id == bindparam("recipe_id"))
    .order_by(RecipeProduct.product_id)
)


def _products(session: Session, recipe_id: int) -> list[dict[str, int]]:
    return [dict(row._mapping) for row in session.execute(_NOW, {"recipe_id": recipe_id})]


def _replace_products(session: Session, recipe_id: int, ingredients: Sequence[Ingredient]) -> changes.Change:
    """Make these the products of a locked recipe."""
    old = _products(session, recipe_id)
    session.execute(delete(RecipeProduct).where(RecipeProduct.recipe_id == recipe_id))
    _set_products(session, recipe_id, ingredients)
    new = _products(session, recipe_id)
    return changes.Change({"products": old}, {"products": new}) if old != new else changes.Change({}, {})


_OWN = select(Product.id).where(
    Product.id == func.any(bindparam("product_ids", type_=ARRAY(BigInteger))), Product.shop_id.is_(None)
)


def _set_products(session: Session, recipe_id: int, ingredients: Sequence[Ingredient]) -> None:
    wanted = [ingredient.product_id for ingredient in ingredients]
    unknown = set(wanted) - set(session.execute(_OWN, {"product_ids": wanted}).scalars())
    if unknown:
        raise IngredientUnknown(details={"product_ids": sorted(unknown)})
    rows = [{"recipe_id": recipe_id, **ingredient.model_dump()} for ingredient in ingredients]
    session.execute(insert(RecipeProduct).values(rows))
