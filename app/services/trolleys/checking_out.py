"""Paying for a trolley in one step, as its older app does (A.2, 19), through the one checkout."""

import secrets
from dataclasses import dataclass

from sqlalchemy import BigInteger, Select, bindparam, func, select

from app.config import settings
from app.domain.caller import Caller
from app.errors import Conflict
from app.models import CartSession, Order, OrderItem, PaymentToken
from app.schemas.checkout import ConfirmRequest
from app.schemas.trolleys import CheckedOut
from app.services.checkout.answers import Decision
from app.services.checkout.confirm import confirm
from app.services.trolleys.refusals import NoTrolley
from app.transaction import reading

_PAID = frozenset({200, 201})


class NoMeansOfPayment(Conflict):
    code = "NO_MEANS_OF_PAYMENT"
    message = "You have no means of payment yet. Add one first: POST /api/v1/me/payment-tokens."


@dataclass(frozen=True, slots=True)
class Checkout:
    """What became of it: the decision of the checkout, and of a paid order what to tell."""

    decision: Decision
    paid: CheckedOut | None = None


_USER = bindparam("user_id", type_=BigInteger)
_CART = select(CartSession.cart_id).where(CartSession.user_id == _USER, CartSession.closed_at.is_(None))
_OWN_TOKEN = select(PaymentToken.id).where(
    PaymentToken.user_id == _USER, PaymentToken.is_active, PaymentToken.is_default
)
_SHARED_TOKEN = (
    select(PaymentToken.id)
    .where(PaymentToken.user_id.is_(None), PaymentToken.is_active)
    .order_by(PaymentToken.id)
    .limit(1)
)


def checkout(caller: Caller, *, idempotency_key: str | None) -> Checkout:
    """Sell what is in the caller's trolley and take the payment from the default means, once for each cart.

    In the sandbox whoever has none pays with its shared card. Raises NoTrolley, NoMeansOfPayment and the refusals of
    `checkout.confirm`.
    """
    form = ConfirmRequest(cart_id=_cart(caller), payment_token_id=_token(caller))
    decision = confirm(form, idempotency_key or secrets.token_hex(16), caller)
    if decision.status not in _PAID:
        return Checkout(decision)
    return Checkout(decision, _told(int(decision.body["data"]["order_id"])))


def _cart(caller: Caller) -> int:
    with reading() as connection:
        cart_id: int | None = connection.execute(_CART, {"user_id": caller.user_id}).scalar_one_or_none()
    if cart_id is None:
        raise NoTrolley
    return cart_id


def _token(caller: Caller) -> int:
    with reading() as connection:
        found: int | None = connection.execute(_OWN_TOKEN, {"user_id": caller.user_id}).scalar_one_or_none()
        if found is None and settings().payment_provider == "sandbox":
            found = connection.execute(_SHARED_TOKEN).scalar_one_or_none()
    if found is None:
        raise NoMeansOfPayment
    return found


_ORDER: Select[int, str, int, object, object, int] = (
    select(
        Order.id.label("order_id"),
        Order.order_number,
        Order.user_id,
        (Order.items_total + Order.deposit_total).label("total_price"),
        Order.total_amount.label("discounted_price"),
        func.sum(OrderItem.quantity).label("total_products"),
    )
    .join(OrderItem, OrderItem.order_id == Order.id)
    .where(Order.id == bindparam("order_id", type_=BigInteger))
    .group_by(Order.id)
)


def _told(order_id: int) -> CheckedOut:
    with reading() as connection:
        row = connection.execute(_ORDER, {"order_id": order_id}).one()
    return CheckedOut(**row._asdict(), message="Thank you. Show the exit token at the door.")
