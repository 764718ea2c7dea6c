"""The confirm of every channel: place the order (T1), ask the provider with no transaction open, apply its answer (T2).

Each part can be repeated: crash anywhere, retry anything, the end is one order and one charge.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta

from app.domain.caller import Caller
from app.schemas.checkout import ConfirmRequest
from app.services.checkout import answers
from app.services.checkout.answers import Decision
from app.services.checkout.errors import KeyInProgress
from app.services.checkout.placing import Placed, place
from app.services.checkout.shop_context import ShopSale
from app.services.checkout.shop_placing import place_at_shop
from app.services.checkout.trolley_placing import StaffCheckNeeded
from app.services.checkout.writing import Key
from app.services.payments import sending
from app.services.request_keys import hash_of
from app.services.trolleys import checking
from app.transaction import retried

ROUTE = "checkout.confirm"
SHOP_ROUTE = "shop_orders.confirm"
PATIENCE = timedelta(seconds=2)
"""How long the second of two equal requests waits for the first one's answer, holding no connection."""

_PAUSE = timedelta(milliseconds=25)


def confirm(form: ConfirmRequest, idempotency_key: str, caller: Caller) -> Decision:
    """Sell the cart and take the payment, once for each key and each cart.

    Raises the refusals of `errors`: then nothing was sold or charged and the key is still free. KeyInProgress when an
    equal request is still at work after PATIENCE.
    """
    key = Key(f"user:{caller.user_id}", ROUTE, idempotency_key, request_hash(form))
    try:
        return _placed_and_paid(lambda: place(form, key, caller), caller)
    except StaffCheckNeeded:
        checking.call_for(cart_id=form.cart_id)
        raise


def confirm_at_shop(sale: ShopSale, idempotency_key: str, caller: Caller) -> Decision:
    """Sell the caller's basket for a vendor's shop and take the payment, once for each key and each basket.

    Raises the refusals of `shop_placing.place_at_shop`: then nothing was sold or charged and the key is still free.
    """
    hashed = hash_of(SHOP_ROUTE, {name: str(value) for name, value in asdict(sale).items() if value is not None})
    key = Key(f"user:{caller.user_id}", SHOP_ROUTE, idempotency_key, hashed)
    return _placed_and_paid(lambda: place_at_shop(sale, key, caller), caller)


def _placed_and_paid(attempt: Callable[[], Placed], caller: Caller) -> Decision:
    placed = _place_patiently(lambda: retried(attempt))
    return placed.answer or conclude(placed.order_id, caller)


def conclude(order_id: int, by: Caller) -> Decision:
    """Pay for a placed order, or wait a moment for whoever is doing so; 202 when it stays undecided."""
    give_up = time.monotonic() + PATIENCE.total_seconds()
    while True:
        if decision := sending.authorize(order_id, by):
            return decision
        if decision := answers.stored(order_id):
            return decision
        if time.monotonic() > give_up:
            return answers.still_pending(order_id)
        time.sleep(_PAUSE.total_seconds())


def request_hash(form: ConfirmRequest) -> str:
    """A hash of the validated body in canonical form: the same request hashes alike however it was spelled.

    Defaults are left out, so that a key fits its request also after an update that adds an optional field.
    """
    return hash_of(ROUTE, form.model_dump(mode="json", exclude_defaults=True))


def _place_patiently(attempt: Callable[[], Placed]) -> Placed:
    give_up = time.monotonic() + PATIENCE.total_seconds()
    while True:
        try:
            return attempt()
        except KeyInProgress:
            if time.monotonic() > give_up:
                raise
        time.sleep(_PAUSE.total_seconds())
