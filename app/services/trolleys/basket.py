"""Every change of what lies in a trolley, whoever makes it: one step that keeps lines, stock and weight together."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.amounts import CENT, to_cents
from app.domain.carts import LARGEST_QUANTITY, MOST_LINES
from app.domain.enums import SoldBy
from app.domain.pricing import piece_price
from app.errors import Conflict, NotFound
from app.models import BasketMove, CartItem, CartSession
from app.models.base import AnyRow
from app.services import reservations


class NotInCart(NotFound):
    code = "NOT_IN_CART"
    message = "This product is not in the cart."


class TrolleyFull(Conflict):
    code = "CART_FULL"
    message = f"A cart holds at most {MOST_LINES} different products and {LARGEST_QUANTITY} pieces of one."


@dataclass(frozen=True, slots=True)
class LineNow:
    """A line after a change: pieces, or 1 for what is weighed; `unit_price` is then the price of all its grams."""

    product_id: int
    quantity: int
    weight_grams: int | None
    unit_price: Decimal


def move(
    session: Session,
    opened: CartSession,
    product: AnyRow,
    *,
    pieces: int,
    grams: int = 0,
    device_event_id: int | None = None,
    actor_user_id: int | None = None,
) -> LineNow:
    """Put pieces into the cart of a locked, open session, or take them out where `pieces` is below zero. A step.

    `product` is a row of `goods`. Of goods sold by weight `grams` are added or taken, and `pieces` only says which.
    Raises NotInCart for taking what is not there, TrolleyFull.
    """
    line = session.execute(_LINE, {"cart_id": opened.cart_id, "product_id": product.id}).one_or_none()
    before, after = line.quantity if line else 0, line_after(line, product, pieces, grams)
    _check(session, opened, line, after)
    change = after.quantity - before
    move_id = _record(
        session,
        session_id=opened.id,
        product_id=product.id,
        pieces=pieces,
        grams=grams,
        device_event_id=device_event_id,
        actor_user_id=actor_user_id,
    )
    _write(session, opened.cart_id, after)
    _move_stock(session, opened, product.id, change, move_id)
    opened.expected_grams = max(0, opened.expected_grams + _weight(product, pieces, grams))
    opened.version += 1
    opened.last_event_at = func.now()
    session.flush()
    return after


_LINE = select(CartItem.quantity, CartItem.weight_grams).where(
    CartItem.cart_id == bindparam("cart_id"), CartItem.product_id == bindparam("product_id")
)


class Held(Protocol):
    """A line as it is."""

    @property
    def quantity(self) -> int: ...

    @property
    def weight_grams(self) -> int | None: ...


def line_after(line: Held | None, product: AnyRow, pieces: int, grams: int) -> LineNow:
    """A line as a change will leave it. Raises NotInCart."""
    before = line.quantity if line else 0
    if product.sold_by is SoldBy.WEIGHT:
        weighed = (line.weight_grams or 0 if line else 0) + grams
        if pieces < 0 and (line is None or weighed < 0):
            raise NotInCart
        quantity = 1 if weighed > 0 else 0
        price = max(to_cents(product.price * weighed / 1000), CENT)
        return LineNow(product.id, quantity, weighed or None, price)
    if before + pieces < 0:
        raise NotInCart
    price = piece_price(product.price, product.sold_by, product.estimated_weight_grams)
    return LineNow(product.id, before + pieces, None, price)


_LINES = select(func.count()).where(CartItem.cart_id == bindparam("cart_id"))


def _check(session: Session, opened: CartSession, line: AnyRow | None, after: LineNow) -> None:
    if after.quantity > LARGEST_QUANTITY:
        raise TrolleyFull
    if line is None and session.execute(_LINES, {"cart_id": opened.cart_id}).scalar_one() >= MOST_LINES:
        raise TrolleyFull


def _record(session: Session, **values: Any) -> int:
    made: int = session.execute(insert(BasketMove).values(**values).returning(BasketMove.id)).scalar_one()
    return made


_REMOVE = delete(CartItem).where(
    CartItem.cart_id == bindparam("cart_id"), CartItem.product_id == bindparam("product_id")
)


def _write(session: Session, cart_id: int, line: LineNow) -> None:
    if line.quantity == 0:
        session.execute(_REMOVE, {"cart_id": cart_id, "product_id": line.product_id})
        return
    values = {"quantity": line.quantity, "weight_grams": line.weight_grams, "unit_price": line.unit_price}
    statement = insert(CartItem).values(cart_id=cart_id, product_id=line.product_id, **values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[CartItem.cart_id, CartItem.product_id], set_={**values, "updated_at": func.now()}
        )
    )


def _move_stock(session: Session, opened: CartSession, product_id: int, change: int, move_id: int) -> None:
    if change > 0:
        reservations.take(
            session,
            cart_id=opened.cart_id,
            stock_location_id=opened.stock_location_id,
            product_id=product_id,
            pieces=change,
            move_id=move_id,
        )
    elif change < 0:
        reservations.give_back(session, cart_id=opened.cart_id, product_id=product_id, pieces=-change, move_id=move_id)


def _weight(product: AnyRow, pieces: int, grams: int) -> int:
    """What the change should show on the scale, in grams; nothing for goods whose weight nobody knows."""
    if product.sold_by is SoldBy.WEIGHT:
        return grams
    return int(product.weight_grams or product.estimated_weight_grams or 0) * pieces
