"""Carts of guests, and how they become part of a user's cart."""

import secrets

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import CartStatus
from app.models import Cart, CartItem
from app.schemas.carts import GuestCart, LeftOutLine, MergedCart
from app.services import locks
from app.services.carts.pouring import pour
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
        left_out = _merged(session, caller.user_id, token, caller.origin.request_id)
        if left_out is None:
            raise CartNotFound
        cart_id = locks.active_cart(session, user_id=caller.user_id, channel=CHANNEL)
        return MergedCart(cart=locked_cart(session, cart_id), left_out=left_out)


def merge_guest_cart(session: Session, *, user_id: int, token: str | None, request_id: str = "") -> None:
    """At sign-in: move a guest's lines into the user's cart; a missing or dead token is no error. A step."""
    if token:
        _merged(session, user_id, token, request_id)


def _merged(session: Session, user_id: int, token: str, request_id: str) -> list[LeftOutLine] | None:
    """What stayed out, or None for a dead token. Guests' carts are locked before users' carts, here and everywhere."""
    guest_id = locks.guest_cart(session, token_hash=hash_of(token))
    if guest_id is None:
        return None
    rows = session.execute(_CLOSE, {"cart_id": guest_id}).all()
    if not rows:
        return []
    cart_id = locks.active_cart(session, user_id=user_id, channel=CHANNEL)
    wanted = {row.product_id: row.quantity for row in rows}
    return pour(session, Shopper(user_id, None, request_id), cart_id, wanted)
