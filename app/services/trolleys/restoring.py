"""The payment of a trolley fell through: its goods still lie in it."""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain.enums import ChannelName, SoldBy, TrolleyState
from app.models import BasketMove, CartItem, CartSession, Order, OrderItem
from app.services import locks, reservations
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
        for item in session.execute(_LINES, {"order_id": order_id}).scalars().all():
            _put_back(session, opened, item)
        news.changed(session, opened)


def _put_back(session: Session, opened: CartSession, item: OrderItem) -> None:
    weighed = item.sold_by is SoldBy.WEIGHT
    grams = item.estimated_weight_grams if weighed else None
    line = CartItem(
        cart_id=opened.cart_id,
        product_id=item.product_id,
        quantity=item.quantity,
        weight_grams=grams,
        unit_price=item.unit_price,
    )
    move = BasketMove(session_id=opened.id, product_id=item.product_id, pieces=item.quantity, grams=grams or 0)
    session.add_all([line, move])
    session.flush()
    reservations.take(
        session,
        cart_id=opened.cart_id,
        stock_location_id=opened.stock_location_id,
        product_id=item.product_id,
        pieces=item.quantity,
        move_id=move.id,
    )
