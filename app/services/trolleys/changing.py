"""A shopper changes the basket by hand: one piece more, one less (A.2, 21)."""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import AssistReason, SoldBy, TrolleyState
from app.errors import Conflict
from app.models import CartItem, CartSession
from app.models.base import AnyRow
from app.schemas.trolleys import ChangedLine
from app.services import locks
from app.services.trolleys import basket, calls, goods, news, sessions
from app.services.trolleys.basket import LineNow
from app.services.trolleys.goods import ProductNotSold
from app.transaction import transaction


class WeighOnTrolley(Conflict):
    code = "WEIGH_ON_TROLLEY"
    message = "This is sold by weight. Lay it into the trolley and scan it there."


def add(caller: Caller, *, product_id: int) -> ChangedLine:
    """Put one piece of a product into the caller's basket.

    What is sold from an age on calls the staff, as a scan of it does. Raises NoTrolley, CartLocked, ProductNotSold,
    WeighOnTrolley, TrolleyFull.
    """
    with transaction() as session:
        opened = _open(session, caller)
        product = goods.by_id(session, product_id=product_id, stock_location_id=opened.stock_location_id)
        if product is None or product.available_quantity is None:
            raise ProductNotSold
        if product.sold_by is SoldBy.WEIGHT:
            raise WeighOnTrolley
        line = basket.move(session, opened, product, pieces=1, actor_user_id=caller.user_id)
        check_age(session, opened, product)
        news.changed(session, opened)
        return changed_line(opened, line, "The product is in the cart.")


def check_age(session: Session, opened: CartSession, product: AnyRow) -> None:
    """Call the staff to a locked session that got something sold from an age on, unless they have looked. A step."""
    if product.age_limit is None or calls.was_accepted(session, opened, AssistReason.AGE_CHECK):
        return
    opened.needs_check = True
    calls.call(session, opened, AssistReason.AGE_CHECK)


def remove(caller: Caller, *, product_id: int) -> ChangedLine:
    """Take one piece of a product out of the caller's basket; of what is sold by weight all of it.

    Also of one that is not sold any more. Raises NoTrolley, CartLocked, ProductNotSold, NotInCart.
    """
    with transaction() as session:
        opened = _open(session, caller)
        product = goods.known_by_id(session, product_id=product_id, stock_location_id=opened.stock_location_id)
        if product is None:
            raise ProductNotSold
        grams = _grams(session, opened, product_id)
        line = basket.move(session, opened, product, pieces=-1, grams=-grams, actor_user_id=caller.user_id)
        news.changed(session, opened)
        return changed_line(opened, line, "The product is out of the cart.")


def _open(session: Session, caller: Caller) -> CartSession:
    """The caller's locked session, open to changes."""
    locks.limit_waits(session)
    opened = sessions.own(session, caller)
    sessions.require(opened, TrolleyState.SHOPPING, TrolleyState.ASSIST)
    return opened


_GRAMS = select(CartItem.weight_grams).where(
    CartItem.cart_id == bindparam("cart_id"), CartItem.product_id == bindparam("product_id")
)


def _grams(session: Session, opened: CartSession, product_id: int) -> int:
    """What lies in the cart of something weighed; 0 of pieces, or of nothing."""
    values = {"cart_id": opened.cart_id, "product_id": product_id}
    return session.execute(_GRAMS, values).scalar_one_or_none() or 0


def changed_line(opened: CartSession, line: LineNow, message: str) -> ChangedLine:
    """The answer for a line after a change."""
    return ChangedLine(
        message=message,
        cart_id=opened.cart_id,
        product_id=line.product_id,
        quantity=line.quantity,
        weight_grams=line.weight_grams,
        unit_price=line.unit_price,
        version=opened.version,
    )
