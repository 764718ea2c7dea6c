"""Before paying: the basket is locked as it is (B.9)."""

from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.devices import notices as wire
from app.domain.enums import TrolleyState, WeightState
from app.models import CartItem, CartSession, Device
from app.schemas.money import money_number
from app.schemas.trolleys import TrolleyStanding
from app.services import audit, locks
from app.services.checkout.errors import CartEmpty
from app.services.checkout.trolley_placing import WeightMismatch
from app.services.devices import notices
from app.services.trolleys import checking, handoffs, news, sessions
from app.transaction import transaction


def review(caller: Caller, *, cart_id: int) -> TrolleyStanding:
    """Lock the caller's basket for paying; harmless to repeat.

    Raises TrolleyCartNotFound, CartLocked, CartEmpty, and WeightMismatch, as a locked basket cannot be put right.
    """
    with transaction() as session:
        locks.limit_waits(session)
        opened, devices = sessions.own_with_device(session, caller, cart_id=cart_id)
        if opened.weight_state is WeightState.MISMATCH:
            raise WeightMismatch(details={"weight_state": opened.weight_state})
        if begin(session, opened, devices.get(opened.trolley_id), by=caller):
            news.changed(session, opened)
        return _standing(opened)


def leave(caller: Caller, *, cart_id: int) -> TrolleyStanding:
    """Let the caller go on shopping; harmless to repeat. Raises TrolleyCartNotFound, CartLocked."""
    with transaction() as session:
        locks.limit_waits(session)
        opened, devices = sessions.own_with_device(session, caller, cart_id=cart_id)
        if cancel(session, opened, devices.get(opened.trolley_id), by=caller):
            news.changed(session, opened)
        return _standing(opened)


_LINES = (
    select(CartItem.product_id, CartItem.quantity, CartItem.weight_grams, CartItem.unit_price)
    .where(CartItem.cart_id == bindparam("cart_id"))
    .order_by(CartItem.product_id)
)


def begin(session: Session, opened: CartSession, device: Device | None, *, by: Caller | None = None) -> bool:
    """Put a locked session under review and keep what is in its basket; False where it is already. A step.

    The staff are called to a trolley that is due for a spot check. `device` is its locked device. The caller tells
    (`news.changed`). Raises CartLocked, CartEmpty.
    """
    if opened.state is TrolleyState.REVIEW:
        return False
    sessions.require(opened, TrolleyState.SHOPPING)
    rows = session.execute(_LINES, {"cart_id": opened.cart_id}).all()
    if not rows:
        raise CartEmpty
    lines = [row._asdict() | {"unit_price": money_number(row.unit_price)} for row in rows]
    _move(session, opened, device, TrolleyState.REVIEW, by)
    opened.snapshot = {"version": opened.version, "lines": lines}
    checking.look_into(session, opened)
    session.flush()
    return True


def cancel(session: Session, opened: CartSession, device: Device | None, *, by: Caller | None = None) -> bool:
    """End the review of a locked session; False where there is none. A step. Raises CartLocked.

    Codes for a till are void: they stood for the basket as it was. The caller tells.
    """
    if opened.state is TrolleyState.SHOPPING:
        return False
    sessions.require(opened, TrolleyState.REVIEW)
    _move(session, opened, device, TrolleyState.SHOPPING, by)
    opened.snapshot = None
    handoffs.forget(session, opened)
    return True


def _move(session: Session, opened: CartSession, device: Device | None, state: TrolleyState, by: Caller | None) -> None:
    old: dict[str, Any] = {"state": opened.state}
    opened.state = state
    opened.version += 1
    if device is not None:
        notices.put(device, wire.state_notice(state))
    session.flush()
    audit.record(
        session, entity_type="cart_session", action="STATE", entity_id=opened.id, by=by, old=old, new={"state": state}
    )


def _standing(opened: CartSession) -> TrolleyStanding:
    return TrolleyStanding(
        cart_id=opened.cart_id,
        session_id=opened.id,
        trolley=opened.trolley_id,
        state=opened.state,
        version=opened.version,
    )
