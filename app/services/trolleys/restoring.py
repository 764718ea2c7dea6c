"""The payment of a trolley fell through: its goods still lie in it."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain.enums import ChannelName, SoldBy, TrolleyState
from app.models import BasketMove, CartItem, CartSession, Order, OrderItem
from app.services import locks, reservations
from app.services.reservations import Pieces
from app.services.trolleys import news
from app.transaction import transaction

_LINES = select(OrderItem).where(OrderItem.order_id == bindparam("order_id")).order_by(OrderItem.product_id)


def back_in_the_trolley(*, order_id: int, user_id: int) -> None:
    """Put an order's goods into the basket of its trolley again, and aside for it, while the session is open."""
    with transaction() as session:
        cart_id = locks.active_cart(session, user_id=user_id, channel=ChannelName.IN_STORE)
        order = session.get_one(Order, order_id)
        opened = locks.open_session(session, cart_id=order.cart_id)
        if opened is None or opened.state is not TrolleyState.PAYING:
            return
        opened.cart_id, opened.state = cart_id, TrolleyState.REVIEW
        opened.version += 1
        session.flush()
        _put_back(session, opened, session.execute(_LINES, {"order_id": order_id}).scalars().all())
        news.changed(session, opened)


def _put_back(session: Session, opened: CartSession, items: Sequence[OrderItem]) -> None:
    moves = [
        BasketMove(session_id=opened.id, product_id=item.product_id, pieces=item.quantity, grams=_grams(item) or 0)
        for item in items
    ]
    session.add_all([_line(opened.cart_id, item) for item in items])
    session.add_all(moves)
    session.flush()
    taken = [Pieces(move.product_id, move.pieces, move.id) for move in moves]
    reservations.move(
        session, cart_id=opened.cart_id, stock_location_id=opened.stock_location_id, taken=taken, returned=()
    )


def _line(cart_id: int, item: OrderItem) -> CartItem:
    return CartItem(
        cart_id=cart_id,
        product_id=item.product_id,
        quantity=item.quantity,
        weight_grams=_grams(item),
        unit_price=item.unit_price,
    )


def _grams(item: OrderItem) -> int | None:
    """The grams of what was weighed: one line. Several are pieces of what came to be sold by weight meanwhile."""
    return item.estimated_weight_grams if item.sold_by is SoldBy.WEIGHT and item.quantity == 1 else None
