"""Adding one product, the most frequent change of a cart: four statements with the lock and the sign-in check.

One reads the cart's lines and the product asked for, one writes; what the shopper is answered with follows from both.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, any_, bindparam, case, func, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from app.config import settings
from app.domain.carts import Line, grown
from app.models import CartItem, Category, Inventory, Product
from app.models.base import AnyRow
from app.prepared import Step
from app.schemas.carts import AddItemRequest, CartAnswer, CartLine
from app.services.branches import delivery_source
from app.services.carts import offers, reading, writing
from app.services.carts.shoppers import Shopper, lock_cart
from app.services.catalog import prices
from app.transaction import transaction

_NONE: ColumnElement[Any] = literal_column("0")


def add_item(who: Shopper, form: AddItemRequest) -> CartAnswer:
    """Add pieces of a product, to the line already there if any; the whole line takes today's price.

    Raises CartNotFound, ProductInactive, OutOfStockAnywhere, ValidationFailed (more than 10,000 pieces in all),
    OutOfStockDeliveryBranch or CartFull.
    """
    with transaction() as session:
        cart_id = lock_cart(session, who)
        rows = _read(session, cart_id, form.product_id)
        found = _offers(rows, form.product_id)
        already = sum(offer.quantity for offer in found.by_product.values())
        offers.check({form.product_id: already + form.quantity}, found)
        [offer] = found.by_product.values()
        new = grown(offer, form.quantity)
        item_id = writing.add(session, who, cart_id, offer, new, room=found.room)
    changed = {form.product_id: (item_id, new)}
    return reading.answer(cart_id, who.user_id, [_line(row, *changed.get(row.product_id, ())) for row in rows])


def _line(row: AnyRow, item_id: int | None = None, line: Line | None = None) -> CartLine:
    """The line of a row as it was read, or as it is now."""
    return reading.line(row, item_id or row.id, line or Line(row.quantity, row.unit_price))


def _offers(rows: Sequence[AnyRow], product_id: int) -> offers.Offers:
    asked = {row.product_id: offers.offer(row) for row in rows if row.product_id == product_id}
    return offers.Offers(asked, sum(row.id is not None for row in rows))


def _read(session: Session, cart_id: int, product_id: int) -> Sequence[AnyRow]:
    statement = _statement(settings().delivery_source_branch_id)
    return statement.within(session, cart_id=cart_id, product_id=product_id)


@cache
def _statement(_delivery_source: int | None) -> Step:
    """The lines of a cart with their products, in their order, and the product asked for: last, where it has no line.

    Built once for each configured delivery source.
    """
    asked = bindparam("product_id", type_=BigInteger)
    line = and_(CartItem.product_id == Product.id, CartItem.cart_id == bindparam("cart_id", type_=BigInteger))
    stock = and_(Inventory.product_id == Product.id, Inventory.stock_location_id == delivery_source())
    sellable = and_(Product.is_active, Category.is_active)
    return Step(
        select(
            Product.id.label("product_id"),
            Product.name,
            Product.name.label("product_name"),
            Product.image_urls[literal_column("1")].label("product_image"),
            prices.PRICE.label("price"),
            Product.unit,
            Product.sold_by,
            Product.estimated_weight_grams,
            Product.deposit,
            sellable.label("sellable"),
            case((sellable, func.coalesce(Inventory.available_quantity, _NONE)), else_=_NONE).label("available"),
            # Of the product asked for, and not of each row's: that would read the stock of all locations once.
            and_(Product.id == asked, offers.in_stock_anywhere(asked)).label("in_stock_anywhere"),
            CartItem.id,
            CartItem.quantity,
            CartItem.unit_price,
        )
        .select_from(Product)
        .join(Category, Category.id == Product.category_id)
        .outerjoin(CartItem, line)
        .outerjoin(Inventory, stock)
        .where(Product.id == any_(_wanted(asked)), or_(CartItem.id.is_not(None), Product.shop_id.is_(None)))
        .order_by(CartItem.id)
    )


def _wanted(asked: Any) -> Any:
    """The products of the cart and the one asked for, as an array, so that each is looked up by its key."""
    every = aliased(CartItem)
    own = select(every.product_id).where(every.cart_id == bindparam("cart_id", type_=BigInteger)).scalar_subquery()
    return func.array_append(func.array(own), asked)
