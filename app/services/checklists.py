"""What a shopper means to buy. Only the supermarket's own products that are sold now are shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Integer,
    bindparam,
    delete,
    exists,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.carts import LARGEST_QUANTITY
from app.errors import Conflict, NotFound
from app.models import ChecklistItem, Product, RecipeProduct
from app.models.base import AnyRow
from app.schemas.checklists import ChecklistAddition, ChecklistLine, ChecklistQuantity, ClearedChecklist
from app.schemas.envelope import PageMeta
from app.schemas.pagination import WholePage, decode_cursor, encode_cursor
from app.services.catalog import conditions
from app.services.pages import Statement, meta_of, with_total
from app.services.trolleys.shopper_products import COLUMNS, shopper_product
from app.transaction import reading, transaction


class ListedProductNotFound(NotFound):
    code = "PRODUCT_NOT_FOUND"
    message = "No such product is sold here."


class NotOnChecklist(NotFound):
    code = "NOT_ON_CHECKLIST"
    message = "This product is not on the checklist."


class ChecklistQuantityLimit(Conflict):
    code = "QUANTITY_LIMIT"
    message = f"A checklist holds at most {LARGEST_QUANTITY} pieces of a product."


_user_id = bindparam("user_id", type_=BigInteger)
_product_id = bindparam("product_id", type_=BigInteger)
_quantity = bindparam("quantity", type_=Integer)

_LINES = (
    select(ChecklistItem.user_id, ChecklistItem.quantity, ChecklistItem.created_at, *COLUMNS)
    .join(Product, Product.id == ChecklistItem.product_id)
    .where(ChecklistItem.user_id == _user_id, *conditions.listed())
    .order_by(ChecklistItem.created_at, ChecklistItem.product_id)
)
_PAGE = (
    with_total(_LINES, ChecklistItem.product_id)
    .where(
        tuple_(ChecklistItem.created_at, ChecklistItem.product_id)
        > tuple_(bindparam("last_at", type_=DateTime(timezone=True)), bindparam("last_id", type_=BigInteger))
    )
    .limit(bindparam("rows", type_=Integer))
    .offset(bindparam("offset", type_=Integer))
)
_BEGINNING = datetime.fromisoformat("0001-01-02T00:00:00+00:00")


def show(page: WholePage, caller: Caller) -> tuple[list[ChecklistLine], PageMeta]:
    """A page of the caller's list, what was added first at the top, in one statement.

    Raises ValidationFailed for a cursor of another list.
    """
    last_at, last_id, offset = _BEGINNING, 0, page.offset
    if page.cursor is not None:
        (last_at, last_id), offset = decode_cursor(page.cursor, datetime, int), 0
    values = {**_of(caller), "last_at": last_at, "last_id": last_id, "offset": offset, "rows": page.limit + 1}
    with reading() as connection:
        found = connection.execute(_PAGE, values).all()
    meta = meta_of(found, page, lambda row: encode_cursor(row.created_at, row.product_id))
    return [_line(row) for row in found[: page.limit]], meta


def _of(caller: Caller) -> dict[str, Any]:
    return {"user_id": caller.user_id, "diet_user_id": caller.user_id}


def _line(row: AnyRow) -> ChecklistLine:
    product = shopper_product(row)
    return ChecklistLine(user_id=row.user_id, product_id=product.product_id, quantity=row.quantity, product=product)


def _adding(products: Statement) -> Any:
    """Put the rows (user, product, quantity) on their list, on top of what is there; those above the limit are not.

    In order of the products, so that no two of a shopper's requests can wait for each other in a circle.
    """
    fresh = insert(ChecklistItem).from_select(["user_id", "product_id", "quantity"], products.order_by(Product.id))
    total = ChecklistItem.quantity + fresh.excluded.quantity
    return (
        fresh.on_conflict_do_update(
            index_elements=[ChecklistItem.user_id, ChecklistItem.product_id],
            set_={"quantity": total},
            where=total <= LARGEST_QUANTITY,
        )
        .returning(ChecklistItem.product_id)
        .execution_options(dml_strategy="raw")
    )


_ADD = _adding(select(_user_id, Product.id, _quantity).where(Product.id == _product_id, *conditions.listed()))
_IS_SOLD = select(exists().where(Product.id == _product_id, *conditions.listed()))


def add(form: ChecklistAddition, caller: Caller) -> ChecklistLine:
    """Add pieces of a product to what is on the caller's list already.

    Raises ListedProductNotFound, ChecklistQuantityLimit.
    """
    values = {"user_id": caller.user_id, "product_id": form.product_id, "quantity": form.quantity}
    with transaction() as session:
        if session.execute(_ADD, values).one_or_none() is None:
            is_sold = session.execute(_IS_SOLD, {"product_id": form.product_id}).scalar_one()
            raise ChecklistQuantityLimit if is_sold else ListedProductNotFound
        return _read(session, caller, [form.product_id])[0]


_OF_RECIPE = (
    select(Product.id, RecipeProduct.quantity)
    .join(RecipeProduct, RecipeProduct.product_id == Product.id)
    .where(RecipeProduct.recipe_id == bindparam("recipe_id", type_=BigInteger), *conditions.listed())
)
_ADD_RECIPE = _adding(_OF_RECIPE.with_only_columns(_user_id, Product.id, RecipeProduct.quantity))
_COUNT_OF_RECIPE = select(func.count()).select_from(_OF_RECIPE.subquery())


def add_recipe(session: Session, caller: Caller, *, recipe_id: int) -> list[ChecklistLine]:
    """Add every product of a recipe that is sold now; returns their lines. A step. Raises ChecklistQuantityLimit."""
    added = session.execute(_ADD_RECIPE, {"user_id": caller.user_id, "recipe_id": recipe_id}).scalars().all()
    if len(added) < session.execute(_COUNT_OF_RECIPE, {"recipe_id": recipe_id}).scalar_one():
        raise ChecklistQuantityLimit
    return _read(session, caller, added)


_SOME = _LINES.where(ChecklistItem.product_id == func.any(bindparam("product_ids", type_=ARRAY(BigInteger))))


def _read(session: Session, caller: Caller, product_ids: Sequence[int]) -> list[ChecklistLine]:
    rows = session.execute(_SOME, {**_of(caller), "product_ids": list(product_ids)})
    return [_line(row) for row in rows]


def put(form: ChecklistQuantity, caller: Caller, *, product_id: int) -> ChecklistLine:
    """Set the pieces of a product on the caller's list. Raises NotOnChecklist."""
    changing = update(ChecklistItem).where(*_own(caller, product_id)).values(quantity=form.quantity)
    with transaction() as session:
        session.execute(changing)
        lines = _read(session, caller, [product_id])
        if not lines:
            raise NotOnChecklist
        return lines[0]


def remove(caller: Caller, *, product_id: int) -> None:
    """Take a product off the caller's list, however many pieces. Raises NotOnChecklist."""
    with transaction() as session:
        gone = session.execute(
            delete(ChecklistItem).where(*_own(caller, product_id)).returning(ChecklistItem.product_id)
        )
        if gone.one_or_none() is None:
            raise NotOnChecklist


def clear(caller: Caller) -> ClearedChecklist:
    """Take everything off the caller's list."""
    deleting = delete(ChecklistItem).where(ChecklistItem.user_id == caller.user_id)
    with transaction() as session:
        gone = session.execute(deleting.returning(ChecklistItem.product_id)).all()
        return ClearedChecklist(removed=len(gone))


def _own(caller: Caller, product_id: int) -> tuple[Any, Any]:
    return ChecklistItem.user_id == caller.user_id, ChecklistItem.product_id == product_id
