"""Products a user wants to remember."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from app.domain.caller import Caller
from app.errors import NotFound
from app.models import Product, WishlistItem
from app.schemas.pagination import CursorPage, decode_cursor, encode_cursor
from app.schemas.wishlist import NewWish, RemovedWish, Wish, Wishlist
from app.transaction import reading, transaction


class WishedProductNotFound(NotFound):
    code = "PRODUCT_NOT_FOUND"
    message = "No such product is sold here."


_PAGE = (
    select(WishlistItem.product_id, WishlistItem.note, WishlistItem.created_at)
    .where(WishlistItem.user_id == bindparam("user_id"))
    .order_by(WishlistItem.created_at.desc(), WishlistItem.product_id.desc())
    .limit(bindparam("limit"))
)
_AFTER = _PAGE.where(
    tuple_(WishlistItem.created_at, WishlistItem.product_id) < tuple_(bindparam("created_at"), bindparam("product_id"))
)
_FOUND: Select[*tuple[Any, ...]] = select(bindparam("user_id"), Product.id, bindparam("note")).where(
    Product.id == bindparam("product_id"), Product.is_active, Product.shop_id.is_(None)
)
_FRESH = insert(WishlistItem).from_select(["user_id", "product_id", "note"], _FOUND)
_ADD = (
    _FRESH.on_conflict_do_update(
        index_elements=[WishlistItem.user_id, WishlistItem.product_id],
        set_={"note": func.coalesce(_FRESH.excluded.note, WishlistItem.note)},
    )
    .returning(WishlistItem.product_id, WishlistItem.note, WishlistItem.created_at)
    .execution_options(dml_strategy="raw")
)


def show(page: CursorPage, caller: Caller) -> Wishlist:
    """One page of the caller's wishes, newest first."""
    values = {"user_id": caller.user_id, "limit": page.limit + 1}
    statement = _PAGE
    if page.cursor is not None:
        values["created_at"], values["product_id"] = decode_cursor(page.cursor, datetime, int)
        statement = _AFTER
    with reading() as connection:
        rows = connection.execute(statement, values).all()
    items = [Wish.model_validate(row) for row in rows[: page.limit]]
    more = len(rows) > page.limit
    following = encode_cursor(items[-1].created_at, items[-1].product_id) if more else None
    return Wishlist(items=items, next_cursor=following)


def add(form: NewWish, caller: Caller) -> Wish:
    """Remember a product; a second time changes the note alone. Raises WishedProductNotFound."""
    values = {"user_id": caller.user_id, "product_id": form.product_id, "note": form.note}
    with transaction() as session:
        row = session.execute(_ADD, values).one_or_none()
        if row is None:
            raise WishedProductNotFound
        return Wish.model_validate(row)


def remove(caller: Caller, *, product_id: int) -> RemovedWish:
    """Forget a product, whether or not it was on the list."""
    statement = delete(WishlistItem).where(
        WishlistItem.user_id == caller.user_id, WishlistItem.product_id == product_id
    )
    with transaction() as session:
        gone = session.execute(statement.returning(WishlistItem.product_id)).first()
        return RemovedWish(removed=gone is not None)
