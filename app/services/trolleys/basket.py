"""Every change of what lies in a trolley, whoever makes it: one step that keeps lines, stock and weight together."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Protocol

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.carts import LARGEST_QUANTITY, MOST_LINES
from app.domain.devices.wire import MAX_INT
from app.domain.enums import SoldBy
from app.domain.pricing import piece_price
from app.errors import Conflict, NotFound
from app.models import BasketMove, CartItem, CartSession
from app.models.base import AnyRow
from app.services import reservations
from app.services.reservations import Pieces


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


@dataclass(frozen=True, slots=True)
class Change:
    """Pieces put into a trolley, or taken out where they are below zero. `product` is a row of `goods`.

    Of goods sold by weight `grams` are added or taken, and `pieces` only says which.
    """

    product: AnyRow
    pieces: int
    grams: int = 0


def move(
    session: Session,
    opened: CartSession,
    product: AnyRow,
    *,
    pieces: int,
    grams: int = 0,
    actor_user_id: int | None = None,
) -> LineNow:
    """As `move_all`, for one change; answers its line."""
    return move_all(session, opened, [Change(product, pieces, grams)], actor_user_id=actor_user_id)[product.id]


def move_all(
    session: Session,
    opened: CartSession,
    changes: Sequence[Change],
    *,
    actor_user_id: int | None = None,
) -> dict[int, LineNow]:
    """Make changes to the cart of a locked, open session; answers the lines they leave, by product. A step.

    As many statements for many changes as for one. Raises NotInCart for taking what is not there, TrolleyFull.
    """
    before: Mapping[int, Held] = _lines(session, opened.cart_id, changes)
    after: dict[int, LineNow] = {}
    for change in changes:
        line: Held | None = after.get(change.product.id) or before.get(change.product.id)
        after[change.product.id] = line_after(line, change.product, change.pieces, change.grams)
    _check(session, opened, after, before.keys())
    moves = _record(session, opened, changes, actor_user_id)
    _write(session, opened.cart_id, after.values())
    _move_stock(session, opened, before, after, moves)
    count(opened, sum(weight(change.product, change.pieces, change.grams) for change in changes))
    opened.last_event_at = func.now()
    session.flush()
    return after


def count(opened: CartSession, grams: int) -> None:
    """Note on a locked session that its basket has changed, and by how much its weight should have."""
    opened.expected_grams = min(max(0, opened.expected_grams + grams), MAX_INT)
    opened.version += 1


class Held(Protocol):
    """A line as it is."""

    @property
    def quantity(self) -> int: ...

    @property
    def weight_grams(self) -> int | None: ...


def line_after(line: Held | None, product: AnyRow, pieces: int, grams: int) -> LineNow:
    """A line as a change will leave it; pieces stay pieces where a product came to be sold by weight meanwhile.

    Raises NotInCart.
    """
    before = line.quantity if line else 0
    lying = line.weight_grams if line and before else 0
    if product.sold_by is SoldBy.WEIGHT and lying is not None:
        weighed = lying + grams
        if pieces < 0 and (not before or weighed < 0):
            raise NotInCart
        quantity = 1 if weighed > 0 else 0
        price = piece_price(product.price, product.sold_by, weighed)
        return LineNow(product.id, quantity, weighed or None, price)
    if before + pieces < 0:
        raise NotInCart
    price = piece_price(product.price, product.sold_by, product.estimated_weight_grams)
    return LineNow(product.id, before + pieces, None, price)


_LINES = select(CartItem.product_id, CartItem.quantity, CartItem.weight_grams).where(
    CartItem.cart_id == bindparam("cart_id"), CartItem.product_id.in_(bindparam("product_ids", expanding=True))
)


def _lines(session: Session, cart_id: int, changes: Sequence[Change]) -> dict[int, AnyRow]:
    values = {"cart_id": cart_id, "product_ids": [change.product.id for change in changes]}
    return {row.product_id: row for row in session.execute(_LINES, values)}


_COUNT = select(func.count()).where(CartItem.cart_id == bindparam("cart_id"))


def _check(session: Session, opened: CartSession, after: Mapping[int, LineNow], known: Collection[int]) -> None:
    """Raises TrolleyFull."""
    if any(line.quantity > LARGEST_QUANTITY for line in after.values()):
        raise TrolleyFull
    new = len(after.keys() - known)
    if not new:
        return
    lying = session.execute(_COUNT, {"cart_id": opened.cart_id}).scalar_one()
    if lying + new > MOST_LINES:
        raise TrolleyFull


_RECORD = insert(BasketMove).returning(BasketMove.id, sort_by_parameter_order=True)


def _record(
    session: Session, opened: CartSession, changes: Sequence[Change], actor_user_id: int | None
) -> dict[int, int]:
    """Write the changes down; answers the last move of each product."""
    rows = [
        {
            "session_id": opened.id,
            "product_id": change.product.id,
            "pieces": change.pieces,
            "grams": change.grams,
            "actor_user_id": actor_user_id,
        }
        for change in changes
    ]
    made = session.connection().execute(_RECORD, rows).scalars()  # without the mapper, which costs as much again
    return {change.product.id: move_id for change, move_id in zip(changes, made, strict=True)}


_REMOVE = delete(CartItem).where(
    CartItem.cart_id == bindparam("cart_id"), CartItem.product_id.in_(bindparam("product_ids", expanding=True))
)
_NEW = insert(CartItem)
_PUT = _NEW.on_conflict_do_update(
    index_elements=[CartItem.cart_id, CartItem.product_id],
    set_={
        "quantity": _NEW.excluded.quantity,
        "weight_grams": _NEW.excluded.weight_grams,
        "unit_price": _NEW.excluded.unit_price,
        "updated_at": func.now(),
    },
)


def _write(session: Session, cart_id: int, lines: Collection[LineNow]) -> None:
    gone = [line.product_id for line in lines if not line.quantity]
    stay = [{"cart_id": cart_id, **asdict(line)} for line in lines if line.quantity]
    if gone:
        session.execute(_REMOVE, {"cart_id": cart_id, "product_ids": gone})
    if stay:
        session.connection().execute(_PUT, stay)


def _move_stock(
    session: Session,
    opened: CartSession,
    before: Mapping[int, Held],
    after: Mapping[int, LineNow],
    moves: Mapping[int, int],
) -> None:
    """One movement of the stock for each product: what its changes come to, in the name of the last of them."""
    taken: list[Pieces] = []
    returned: list[Pieces] = []
    for product_id, line in after.items():
        change = line.quantity - (before[product_id].quantity if product_id in before else 0)
        if change:
            (taken if change > 0 else returned).append(Pieces(product_id, abs(change), moves[product_id]))
    reservations.move(
        session,
        cart_id=opened.cart_id,
        stock_location_id=opened.stock_location_id,
        taken=taken,
        returned=returned,
    )


def weight(product: AnyRow, pieces: int, grams: int) -> int:
    """What the change should show on the scale, in grams; nothing for goods whose weight nobody knows."""
    if product.sold_by is SoldBy.WEIGHT:
        return grams
    return int(product.weight_grams or product.estimated_weight_grams or 0) * pieces
