"""An item of a vendor's shop as one basket sees it, in one statement."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Select, and_, bindparam, exists, func, select
from sqlalchemy.orm import Session, aliased

from app.config import settings
from app.domain.carts import MOST_LINES, Line, Offer
from app.models import CartItem, Inventory, Product, Shop, ShopItem, StockLocation, User
from app.services.catalog import prices
from app.services.shops.opening import open_now, serves, this_moment


@dataclass(frozen=True, slots=True)
class ShopOffer:
    """`offer` and what the shop says to it; `other_shop`: the basket holds items of another one.

    `room` is the number of lines that may still be added.
    """

    offer: Offer
    is_open: bool
    serves: bool
    other_shop: bool
    room: int


def read(session: Session, *, cart_id: int, user_id: int, item_id: int | None) -> ShopOffer | None:
    """The offer of an item to the owner of a locked basket; None for an item of no shop. A step: one statement."""
    if item_id is None:
        return None
    values = {"cart_id": cart_id, "user_id": user_id, "item_id": item_id, **this_moment()}
    row = session.execute(_statement(settings().require_verified_shops), values).one_or_none()
    if row is None:
        return None
    offer = Offer(
        product_id=row.id,
        product_name=row.name,
        piece_price=row.price,
        sellable=row.sellable,
        in_stock_anywhere=row.available > 0,
        available=row.available,
        line=None if row.quantity is None else Line(row.quantity, row.unit_price),
    )
    return ShopOffer(offer, row.is_open, row.serves, row.other_shop, MOST_LINES - row.lines_in_cart)


@cache
def _statement(_require_verified: bool) -> Select[*tuple[Any, ...]]:
    """Built once for each answer to whether shops must be verified."""
    here = CartItem.cart_id == bindparam("cart_id", type_=BigInteger)
    return (
        select(
            Product.id,
            Product.name,
            prices.PRICE.label("price"),
            and_(Product.is_active, ShopItem.is_available).label("sellable"),
            func.coalesce(Inventory.available_quantity, 0).label("available"),
            open_now().label("is_open"),
            serves(User).label("serves"),
            CartItem.quantity,
            CartItem.unit_price,
            _other_shop().label("other_shop"),
            _lines_in_cart().label("lines_in_cart"),
        )
        .select_from(Product)
        .join(Shop, Shop.id == Product.shop_id)
        .join(StockLocation, StockLocation.id == Product.shop_id)
        .join(ShopItem, ShopItem.product_id == Product.id)
        .join(User, User.id == bindparam("user_id", type_=BigInteger))
        .outerjoin(Inventory, and_(Inventory.product_id == Product.id, Inventory.stock_location_id == Shop.id))
        .outerjoin(CartItem, and_(here, CartItem.product_id == Product.id))
        .where(Product.id == bindparam("item_id", type_=BigInteger))
    )


def _other_shop() -> Any:
    line, item = aliased(CartItem), aliased(Product)
    there = and_(line.cart_id == bindparam("cart_id"), item.id == line.product_id, item.shop_id != Product.shop_id)
    return exists().where(there)


def _lines_in_cart() -> Any:
    every = aliased(CartItem)
    return select(func.count()).where(every.cart_id == bindparam("cart_id")).scalar_subquery()
