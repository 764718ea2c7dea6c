"""How a shopper eats, and which products clash with it.

A product clashes when an allergen of it is among the shopper's allergies, or when somebody has marked it with ways to
eat and the shopper's is not among them. A product without any mark is not known to clash: as yet nobody has looked at
it. What fits no special way to eat is therefore marked with one that everything fits, such as "omnivore".
"""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, String, bindparam, exists, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from app.domain.allergens import REGULATED, with_synonyms
from app.domain.caller import Caller
from app.errors import BadRequest, NotFound
from app.models import Category, FoodType, Product, ProductFoodType, ShopperDiet
from app.schemas.diets import Diet, DietForm, FoodTypesAndCategories, KnownAllergens, ShownCategory, ShownFoodType
from app.services.catalog.conditions import hidden_categories
from app.services.refusals import refused_as
from app.transaction import reading, transaction


class FoodTypeNotFound(NotFound):
    code = "FOOD_TYPE_NOT_FOUND"
    message = "There is no such way to eat. GET /api/v1/misc/foodtypes-categories lists them."


class AllergenUnknown(BadRequest):
    """`details.unknown` lists the words: an allergy that no product can show would warn of nothing."""

    code = "ALLERGEN_UNKNOWN"
    message = "These are not words for allergens. GET /api/v1/misc/allergens lists them."


_OF_SHOPPER = ShopperDiet.user_id == bindparam("diet_user_id", type_=BigInteger)
_ALLERGIES = select(func.unnest(ShopperDiet.allergies).label("word")).where(_OF_SHOPPER).subquery("allergies")
_SHARED = (
    select(_ALLERGIES.c.word)
    .where(_ALLERGIES.c.word == func.any(Product.allergens))
    .order_by(_ALLERGIES.c.word)
    .correlate(Product)
)
_MARKED = exists().where(ProductFoodType.product_id == Product.id).correlate(Product)
_MARKED_SO = (
    exists()
    .where(ProductFoodType.product_id == Product.id, ProductFoodType.food_type_id == ShopperDiet.food_type_id)
    .correlate(Product, ShopperDiet)
)

CLASHES: tuple[ColumnElement[Any], ColumnElement[Any]] = (
    func.array(_SHARED.scalar_subquery(), type_=ARRAY(String)).label("clashing_allergens"),
    select(FoodType.name)
    .join(ShopperDiet, ShopperDiet.food_type_id == FoodType.id)
    .where(_OF_SHOPPER, _MARKED, ~_MARKED_SO)
    .correlate(Product)
    .scalar_subquery()
    .label("clashing_food_type"),
)
"""Columns for any statement that reads `products`: the allergens of a product that the shopper `:diet_user_id` must not
eat, and the shopper's way to eat if the product is known not to fit it. With null for the shopper nothing clashes."""


def shopper_id(caller: Caller | None) -> int | None:
    """The value of `:diet_user_id`; null for a guest."""
    return caller.user_id if caller else None


_DIET = (
    select(ShopperDiet.food_type_id, FoodType.name.label("food_type_name"), ShopperDiet.allergies)
    .outerjoin(FoodType, FoodType.id == ShopperDiet.food_type_id)
    .where(_OF_SHOPPER)
)


def show(caller: Caller) -> Diet:
    """The caller's diet; an empty one for who has told nothing."""
    with reading() as connection:
        row = connection.execute(_DIET, {"diet_user_id": caller.user_id}).one_or_none()
    return Diet.model_validate(row) if row else Diet(food_type_id=None, food_type_name=None, allergies=[])


_REFUSALS = {"fk_shopper_diets_food_type_id_food_types": FoodTypeNotFound}


def put(form: DietForm, caller: Caller) -> Diet:
    """Replace the caller's diet. Raises FoodTypeNotFound, AllergenUnknown.

    It is nobody else's business: no copy of it goes into the audit trail.
    """
    check_allergies(form.allergies)
    with transaction() as session:
        return write(session, form, user_id=caller.user_id)


def write(session: Session, form: DietForm, *, user_id: int) -> Diet:
    """Replace a shopper's diet by one with checked allergies. A step. Raises FoodTypeNotFound."""
    values = {"food_type_id": form.food_type_id, "allergies": with_synonyms(form.allergies)}
    writing = insert(ShopperDiet).values(user_id=user_id, **values)
    replacing = writing.on_conflict_do_update(
        index_elements=[ShopperDiet.user_id], set_={**values, "updated_at": func.now()}
    )
    with refused_as(_REFUSALS):
        session.execute(replacing)
    return Diet.model_validate(session.execute(_DIET, {"diet_user_id": user_id}).one())


_words = select(func.unnest(Product.allergens).label("word")).where(Product.is_active, Product.shop_id.is_(None))
_IN_PRODUCTS = select(_words.subquery("words").c.word).distinct()


def check_allergies(allergies: list[str]) -> None:
    """Raises AllergenUnknown for words that no product can show."""
    unusual = set(allergies) - REGULATED
    unknown = sorted(unusual - set(known_allergens().allergens)) if unusual else []
    if unknown:
        raise AllergenUnknown(details={"unknown": unknown})


def known_allergens() -> KnownAllergens:
    """Every word that may stand in a diet."""
    with reading() as connection:
        found = connection.execute(_IN_PRODUCTS).scalars()
        return KnownAllergens(allergens=with_synonyms({*REGULATED, *found}))


FOOD_TYPE_COLUMNS = (FoodType.id.label("foodtype_id"), FoodType.name.label("foodtype_name"))
_FOOD_TYPES = select(*FOOD_TYPE_COLUMNS).order_by(FoodType.name)
_CATEGORIES = (
    select(Category.id.label("category_id"), Category.name.label("category_name"))
    .where(Category.id != func.all(hidden_categories()))
    .order_by(Category.name, Category.id)
)


def food_types_and_categories() -> FoodTypesAndCategories:
    """The ways to eat and the shown categories, both by name (two statements)."""
    with reading() as connection:
        food_types = connection.execute(_FOOD_TYPES).all()
        categories = connection.execute(_CATEGORIES).all()
    return FoodTypesAndCategories(
        foodtypes=[ShownFoodType.model_validate(row) for row in food_types],
        categories=[ShownCategory.model_validate(row) for row in categories],
    )


_ONE = select(*CLASHES).where(Product.id == bindparam("product_id", type_=BigInteger))


def warns(session: Session, *, user_id: int, product_id: int) -> bool:
    """Whether a product clashes with a shopper's diet. A step."""
    values = {"diet_user_id": user_id, "product_id": product_id}
    row = session.execute(_ONE, values).one_or_none()
    return row is not None and bool(row.clashing_allergens or row.clashing_food_type)
