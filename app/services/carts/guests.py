"""Carts of guests, and how they become part of a user's cart."""

import secrets
from collections.abc import Mapping

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.carts import LARGEST_QUANTITY, LineChange, Offer, Refusal, added, not_for_sale
from app.domain.enums import CartStatus
from app.models import Cart, CartItem
from app.schemas.carts import GuestCart, LeftOutLine, MergedCart
from app.services import locks
from app.services.carts import offers, writing
from app.services.carts.reading import empty_cart, locked_cart
from app.services.carts.shoppers import CHANNEL, CartNotFound, Shopper, hash_of
from app.transaction import transaction

_TOKEN_BYTES = 32

_CLOSED = (
    update(Cart).where(Cart.id == bindparam("cart_id")).values(status=CartStatus.ABANDONED).returning(Cart.id)
).cte("closed")
_CLOSE = select(CartItem.product_id, CartItem.quantity).join(_CLOSED, _CLOSED.c.id == CartItem.cart_id)


def open_cart() -> GuestCart:
    """A new, empty cart for somebody who is not signed in; its token is stored as a hash only."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with transaction() as session:
        values = {"guest_token_hash": hash_of(token), "channel": CHANNEL}
        cart_id = session.execute(insert(Cart).values(values).returning(Cart.id)).scalar_one()
    return GuestCart(cart_token=token, cart=empty_cart(cart_id, user_id=None))


def merge(caller: Caller, token: str) -> MergedCart:
    """Move a guest's lines into the caller's cart and say what had to stay out. Raises CartNotFound."""
    with transaction() as session:
        left_out = _merged(session, Shopper(caller.user_id, None, caller.origin.request_id), token)
        if left_out is None:
            raise CartNotFound
        cart_id = locks.active_cart(session, user_id=caller.user_id, channel=CHANNEL)
        return MergedCart(cart=locked_cart(session, cart_id), left_out=left_out)


def merge_guest_cart(session: Session, *, user_id: int, token: str | None, request_id: str = "") -> None:
    """At sign-in: move a guest's lines into the user's cart; a missing or dead token is no error. A step."""
    if token:
        _merged(session, Shopper(user_id, None, request_id), token)


def pour(session: Session, who: Shopper, cart_id: int, quantities: Mapping[int, int]) -> list[LeftOutLine]:
    """Add pieces by product id to a locked cart as far as they can be had, at today's prices; return what cannot.

    Only what no branch has is left out: what the delivery branch lacks may still be picked up elsewhere, and the
    preview of the checkout reports it. A step.
    """
    found = offers.read(session, cart_id=cart_id, product_ids=sorted(quantities))
    room = found.room
    changes: list[LineChange] = []
    left_out: list[LeftOutLine] = []
    for offer in found.by_product.values():
        fitting, why = _fitting(offer, quantities[offer.product_id], room)
        if fitting:
            changes.append(added(offer, fitting))
            room -= offer.line is None
        if why:
            left_out.append(_left_out(offer, quantities[offer.product_id] - fitting, why))
    writing.write(session, who, cart_id, changes, room=found.room)
    return left_out


def _merged(session: Session, who: Shopper, token: str) -> list[LeftOutLine] | None:
    """What stayed out, or None for a dead token. Guests' carts are locked before users' carts, here and everywhere."""
    guest_id = locks.guest_cart(session, token_hash=hash_of(token))
    if guest_id is None or who.user_id is None:
        return None
    rows = session.execute(_CLOSE, {"cart_id": guest_id}).all()
    if not rows:
        return []
    cart_id = locks.active_cart(session, user_id=who.user_id, channel=CHANNEL)
    return pour(session, who, cart_id, {row.product_id: row.quantity for row in rows})


def _fitting(offer: Offer, quantity: int, room: int) -> tuple[int, Refusal | None]:
    """How many of the pieces may be added, and why the others may not."""
    if why := not_for_sale(offer):
        return 0, why
    if offer.line is None and room <= 0:
        return 0, Refusal.CART_FULL
    fitting = min(quantity, LARGEST_QUANTITY - offer.quantity)
    return fitting, None if fitting == quantity else Refusal.QUANTITY_LIMIT


def _left_out(offer: Offer, quantity: int, why: Refusal) -> LeftOutLine:
    return LeftOutLine(product_id=offer.product_id, product_name=offer.product_name, quantity=quantity, reason=why)
