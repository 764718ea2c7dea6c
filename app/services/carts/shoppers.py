"""Whose cart: a signed-in user's, or that of a guest who holds its token."""

import hashlib
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain.caller import Caller, Origin
from app.domain.enums import ChannelName
from app.errors import AuthRequired, NotFound
from app.services import locks

CHANNEL = ChannelName.DELIVERY_OR_PICKUP


class CartNotFound(NotFound):
    code = "CART_NOT_FOUND"
    message = "No guest cart has this token any more. Ask for a new one: POST /api/v1/cart/guest."


@dataclass(frozen=True, slots=True)
class Shopper:
    """Exactly one of `user_id` and `token_hash` is set."""

    user_id: int | None
    token_hash: str | None
    request_id: str


def shopper(caller: Caller | None, token: str | None, origin: Origin) -> Shopper:
    """The signed-in user (a token sent beside is ignored), else the guest. Raises AuthRequired without either."""
    if caller is not None:
        return Shopper(caller.user_id, None, origin.request_id)
    if not token:
        raise AuthRequired("Sign in, or send the token of a guest cart as X-Cart-Token.")
    return Shopper(None, hash_of(token), origin.request_id)


def hash_of(token: str) -> str:
    """What is stored of a guest's token: whoever reads the table cannot use the carts."""
    return hashlib.sha256(token.encode()).hexdigest()


def lock_cart(session: Session, who: Shopper) -> int:
    """The id of the shopper's active cart, locked; made for a user who has none. Raises CartNotFound for a guest."""
    if who.user_id is not None:
        return locks.active_cart(session, user_id=who.user_id, channel=CHANNEL)
    cart_id = locks.guest_cart(session, token_hash=who.token_hash or "")
    if cart_id is None:
        raise CartNotFound
    return cart_id
