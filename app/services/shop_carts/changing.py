"""What consumers do to their basket. Every change locks it first, so that parallel changes follow one another."""

from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.carts import MOST_UNITS_AT_SHOP, added, put
from app.domain.enums import ChannelName
from app.schemas.envelope import Message
from app.schemas.shop_cart import AddToShopCart, RemoveFromShopCart, UpdateShopCart
from app.services import locks
from app.services.carts import writing
from app.services.carts.shoppers import Shopper
from app.services.checkout.shop_context import OutOfArea
from app.services.shop_carts import offers, refusals
from app.services.shop_carts.offers import ShopOffer
from app.services.shops.opening import ShopClosed
from app.transaction import transaction


def add(form: AddToShopCart, caller: Caller) -> Message:
    """Add units of an item, to the line already there if any; the whole line takes today's price.

    Raises QuantityTooSmall, QuantityTooLarge, ItemNotAvailable, OtherShopInCart, ShopClosed, OutOfArea, UnitLimit or
    CartFull.
    """
    if form.quantity < 1:
        raise refusals.QuantityTooSmall
    if form.quantity > MOST_UNITS_AT_SHOP:
        raise refusals.QuantityTooLarge
    with transaction() as session:
        cart_id = _lock(session, caller)
        found = offers.read(session, cart_id=cart_id, user_id=caller.user_id, item_id=form.item_id)
        if found is None or not found.offer.sellable:
            raise refusals.ItemNotAvailable
        _check(found, form.quantity)
        writing.write(session, _shopper(caller), cart_id, [added(found.offer, form.quantity)], room=found.room)
    return Message(message="Item added to cart")


def _check(found: ShopOffer, quantity: int) -> None:
    if found.other_shop:
        raise refusals.OtherShopInCart
    if not found.is_open:
        raise ShopClosed
    if not found.serves:
        raise OutOfArea
    if found.offer.quantity + quantity > MOST_UNITS_AT_SHOP:
        raise refusals.UnitLimit


def update(form: UpdateShopCart, caller: Caller) -> Message:
    """Make a line hold exactly so many units. Raises ItemAndQuantityRequired, QuantityOutOfRange or ItemNotInCart."""
    if form.item_id is None or form.quantity is None:
        raise refusals.ItemAndQuantityRequired
    if not 1 <= form.quantity <= MOST_UNITS_AT_SHOP:
        raise refusals.QuantityOutOfRange
    with transaction() as session:
        if not _put(session, form.item_id, form.quantity, caller):
            raise refusals.ItemNotInCart
    return Message(message="Cart quantity updated")


def remove(form: RemoveFromShopCart, caller: Caller) -> Message:
    """Take a line out. Raises NothingToRemove."""
    with transaction() as session:
        if not _put(session, form.item_id, 0, caller):
            raise refusals.NothingToRemove
    return Message(message="Item removed")


def clear(caller: Caller) -> Message:
    """Take every line out; fine for a basket that is empty already."""
    with transaction() as session:
        writing.clear(session, _shopper(caller), _lock(session, caller))
    return Message(message="Cart cleared")


def _put(session: Session, item_id: int | None, quantity: int, caller: Caller) -> bool:
    """Set a line that is there; False where there is none."""
    cart_id = _lock(session, caller)
    found = offers.read(session, cart_id=cart_id, user_id=caller.user_id, item_id=item_id)
    if found is None or found.offer.line is None:
        return False
    change = put(found.offer, quantity)
    writing.write(session, _shopper(caller), cart_id, [change] if change else [], room=0)
    return True


def _lock(session: Session, caller: Caller) -> int:
    return locks.active_cart(session, user_id=caller.user_id, channel=ChannelName.MARKETPLACE)


def _shopper(caller: Caller) -> Shopper:
    return Shopper(caller.user_id, None, caller.origin.request_id)
