"""Ways to eat as managers edit them, and which products fit them. None is ever removed: shoppers may live by it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.errors import Conflict, NotFound
from app.models import FoodType, Product, ProductFoodType
from app.schemas.envelope import PageMeta
from app.schemas.managed_recipes import FoodTypeMarks, ManagedFoodType, MarkedProduct, NewFoodType
from app.schemas.pagination import Page
from app.services import audit, changes, locks
from app.services.catalog.editing_products import locked
from app.services.diets import FoodTypeNotFound
from app.services.pages import paged, read_page
from app.services.refusals import refused_as
from app.transaction import reading, transaction


class FoodTypeExists(Conflict):
    code = "DUPLICATE_FOOD_TYPE"
    message = "There is a way to eat of this name."


_REFUSALS = {"uq_food_types_name": FoodTypeExists}
_NUMBER = (
    select(func.count())
    .where(ProductFoodType.food_type_id == FoodType.id)
    .correlate(FoodType)
    .scalar_subquery()
    .label("products")
)
_ROWS: Select[Any] = select(FoodType.id, FoodType.name, _NUMBER)
_PAGE = paged(_ROWS)
_ONE = _ROWS.where(FoodType.id == bindparam("food_type_id", type_=BigInteger))


def list_food_types(page: Page) -> tuple[list[ManagedFoodType], PageMeta]:
    """A page of the ways to eat, oldest first, in one statement."""
    rows, meta = read_page(_PAGE, page, {})
    return [ManagedFoodType(id=row.id, name=row.name, products=row.products) for row in rows], meta


def create(form: NewFoodType, caller: Caller) -> ManagedFoodType:
    """Add a way to eat; no product fits it yet. Raises FoodTypeExists."""
    with transaction() as session:
        food_type = FoodType(name=form.name)
        session.add(food_type)
        with refused_as(_REFUSALS):
            session.flush()
        new = form.model_dump()
        audit.record(session, entity_type="food_type", action="CREATE", entity_id=food_type.id, by=caller, new=new)
        return _shown(session, food_type.id)


def rename(form: NewFoodType, caller: Caller, *, food_type_id: int) -> ManagedFoodType:
    """Give a way to eat another name. Raises FoodTypeNotFound, FoodTypeExists."""
    with transaction() as session:
        food_type = locks.food_type(session, food_type_id=food_type_id)
        if food_type is None:
            raise FoodTypeNotFound
        change = changes.apply(food_type, form.model_dump())
        with refused_as(_REFUSALS):
            session.flush()
        changes.record(session, change, entity_type="food_type", entity_id=food_type_id, by=caller)
        return _shown(session, food_type_id)


def _shown(session: Session, food_type_id: int) -> ManagedFoodType:
    return ManagedFoodType.model_validate(session.execute(_ONE, {"food_type_id": food_type_id}).one())


_OWN = Product.id == bindparam("product_id", type_=BigInteger)
_MARKS = select(ProductFoodType.food_type_id).where(ProductFoodType.product_id == Product.id)
_OF_PRODUCT = select(
    Product.id.label("product_id"),
    func.array(
        _MARKS.order_by(ProductFoodType.food_type_id).correlate(Product).scalar_subquery(), type_=ARRAY(BigInteger)
    ).label("food_type_ids"),
).where(_OWN, Product.shop_id.is_(None))


def marks(product_id: int) -> MarkedProduct:
    """The ways to eat a product of the supermarket's own range fits. Raises NotFound."""
    with reading() as connection:
        row = connection.execute(_OF_PRODUCT, {"product_id": product_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such product.")
    return MarkedProduct.model_validate(row)


def mark(form: FoodTypeMarks, caller: Caller, *, product_id: int) -> MarkedProduct:
    """Say which ways to eat a product fits, in place of what was said before. Raises NotFound, FoodTypeNotFound."""
    wanted = sorted(set(form.food_type_ids))
    with transaction() as session:
        locked(session, product_id)
        before = session.execute(_OF_PRODUCT, {"product_id": product_id}).one().food_type_ids
        _write(session, product_id, wanted)
        if before != wanted:
            change = changes.Change({"food_type_ids": before}, {"food_type_ids": wanted})
            changes.record(session, change, entity_type="product", entity_id=product_id, by=caller)
        return MarkedProduct(product_id=product_id, food_type_ids=wanted)


_WRITE_REFUSALS = {"fk_product_food_types_food_type_id_food_types": FoodTypeNotFound}


def _write(session: Session, product_id: int, food_type_ids: Sequence[int]) -> None:
    session.execute(delete(ProductFoodType).where(ProductFoodType.product_id == product_id))
    rows = [{"product_id": product_id, "food_type_id": food_type_id} for food_type_id in food_type_ids]
    if rows:
        with refused_as(_WRITE_REFUSALS):
            session.execute(insert(ProductFoodType).values(rows))
