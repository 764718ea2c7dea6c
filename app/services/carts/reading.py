"""A cart as its shopper sees it, in one statement."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Any, Literal

from sqlalchemy import Connection, Select, and_, bindparam, case, func, literal_column, select
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.amounts import NOTHING
from app.domain.carts import Line
from app.domain.enums import CartStatus, SoldBy
from app.domain.pricing import piece_price
from app.models import Cart, CartItem, Category, Inventory, Product
from app.models.base import AnyRow
from app.schemas.carts import CartAnswer, CartLine
from app.services import locks
from app.services.branches import delivery_source
from app.services.carts.shoppers import CHANNEL, CartNotFound, Shopper
from app.services.catalog import prices
from app.transaction import reading, transaction

Key = Literal["cart_id", "user_id", "token_hash"]

# The status is a literal: with a parameter there, no generic plan could use the partial index of active carts.
_ACTIVE = and_(Cart.status == literal_column(f"'{CartStatus.ACTIVE}'"), Cart.channel == CHANNEL)
_WHICH = {
    "cart_id": Cart.id == bindparam("cart_id"),
    "user_id": and_(Cart.user_id == bindparam("user_id"), _ACTIVE),
    "token_hash": and_(Cart.guest_token_hash == bindparam("token_hash"), _ACTIVE),
}


def cart_of(who: Shopper) -> CartAnswer:
    """The shopper's cart, made when a user has none yet. Raises CartNotFound for a guest's dead token."""
    key: Key = "token_hash" if who.user_id is None else "user_id"
    with reading() as connection:
        found = _read(connection, key, who.token_hash if who.user_id is None else who.user_id)
    if found is not None:
        return found
    if who.user_id is None:
        raise CartNotFound
    with transaction() as session:
        cart_id = locks.active_cart(session, user_id=who.user_id, channel=CHANNEL)
    return empty_cart(cart_id, user_id=who.user_id)


def locked_cart(session: Session, cart_id: int) -> CartAnswer:
    """A cart whose row this transaction has locked. A step."""
    found = _read(session, "cart_id", cart_id)
    if found is None:
        raise CartNotFound
    return found


def empty_cart(cart_id: int, *, user_id: int | None) -> CartAnswer:
    """A cart known to hold nothing, without asking the database."""
    return answer(cart_id, user_id, [])


def _read(connection: Connection | Session, key: Key, value: int | str | None) -> CartAnswer | None:
    rows = connection.execute(_statement(key, settings().delivery_source_branch_id), {key: value}).all()
    if not rows:
        return None
    lines = [line(row, row.id, Line(row.quantity, row.unit_price)) for row in rows if row.id is not None]
    return answer(rows[0].cart_id, rows[0].user_id, lines)


@cache
def _statement(key: Key, _delivery_source: int | None) -> Select[*tuple[Any, ...]]:
    """Built once for each way to find a cart and each configured delivery source."""
    sellable = and_(Product.is_active, Category.is_active)
    stock = and_(Inventory.product_id == Product.id, Inventory.stock_location_id == delivery_source())
    return (
        select(
            Cart.id.label("cart_id"),
            Cart.user_id,
            CartItem.id,
            CartItem.product_id,
            CartItem.quantity,
            CartItem.unit_price,
            Product.name.label("product_name"),
            Product.image_urls[1].label("product_image"),
            prices.PRICE.label("price"),
            Product.unit,
            Product.sold_by,
            Product.estimated_weight_grams,
            Product.deposit,
            case((sellable, func.coalesce(Inventory.available_quantity, 0)), else_=0).label("available"),
        )
        .select_from(Cart)
        .outerjoin(CartItem, CartItem.cart_id == Cart.id)
        .outerjoin(Product, Product.id == CartItem.product_id)
        .outerjoin(Category, Category.id == Product.category_id)
        .outerjoin(Inventory, stock)
        .where(_WHICH[key])
        .order_by(CartItem.id)
    )


def line(row: AnyRow, item_id: int, held: Line) -> CartLine:
    """What a cart holds of a product; `row` is the product with its price of today and what can be sold of it."""
    today = piece_price(row.price, row.sold_by, row.estimated_weight_grams)
    return CartLine.of_known(
        id=item_id,
        product_id=row.product_id,
        product_name=row.product_name,
        product_image=row.product_image,
        quantity=held.quantity,
        unit_price=held.unit_price,
        line_total=held.unit_price * held.quantity,
        unit=row.unit,
        sold_by=SoldBy(row.sold_by),
        estimated_weight_grams=row.estimated_weight_grams,
        deposit=row.deposit * held.quantity,
        available=row.available,
        price_changed=today != held.unit_price,
    )


def answer(cart_id: int, user_id: int | None, lines: Sequence[CartLine]) -> CartAnswer:
    """A cart of these lines, added up."""
    return CartAnswer.of_known(
        id=cart_id,
        user_id=user_id,
        channel=CHANNEL,
        currency=settings().currency,
        items=list(lines),
        items_count=len(lines),
        total_amount=_sum(line.line_total for line in lines),
        deposit_total=_sum(line.deposit for line in lines),
    )


def _sum(amounts: Any) -> Decimal:
    return sum(amounts, NOTHING)
