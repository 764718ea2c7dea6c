"""A shopper and a trolley: the beginning and the end of a walk, and how its steps find it, locked.

The steps here tell nobody: whoever calls them ends the transaction with `news.changed`.
"""

from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.devices import notices as wire
from app.domain.devices.lifecycle import may_pair
from app.domain.enums import CartStatus, ChannelName, DeviceStatus, ReservationState, SessionOutcome, TrolleyState
from app.errors import Busy
from app.models import Cart, CartItem, CartSession, Device, HandoffCode, PendingPairing, Trolley
from app.services import audit, locks, reservations
from app.services.devices import notices
from app.services.refusals import refused_as
from app.services.trolleys import calls
from app.services.trolleys.refusals import (
    CartLocked,
    NoTrolley,
    SessionOpen,
    TrolleyCartNotFound,
    TrolleyInUse,
    TrolleyUnavailable,
)

_UNIQUE = {
    "uq_cart_sessions_trolley": TrolleyInUse,
    "uq_cart_sessions_user": SessionOpen,
    "uq_cart_sessions_cart": SessionOpen,
}
_OPEN_OF_TROLLEY = select(CartSession.id, CartSession.user_id).where(
    CartSession.trolley_id == bindparam("trolley_id"), CartSession.closed_at.is_(None)
)
_TROLLEY = select(Trolley).where(Trolley.id == bindparam("trolley_id")).execution_options(populate_existing=True)


def free_trolley(session: Session, device: Device) -> Trolley:
    """The trolley of a locked device, if a shopper may take it. A step. Raises TrolleyInUse, TrolleyUnavailable."""
    if device.trolley_id is None or device.status is not DeviceStatus.ACTIVE:
        raise TrolleyUnavailable(details={"reason": "device"})
    if session.execute(_OPEN_OF_TROLLEY, {"trolley_id": device.trolley_id}).first():
        raise TrolleyInUse
    trolley = session.execute(_TROLLEY, {"trolley_id": device.trolley_id}).scalar_one()
    if not may_pair(trolley.state, device.battery_percent):
        reason = "battery" if trolley.state is TrolleyState.IDLE else "state"
        raise TrolleyUnavailable(details={"reason": reason})
    return trolley


_OPEN_OF_USER = select(CartSession.cart_id).where(
    CartSession.user_id == bindparam("user_id"), CartSession.closed_at.is_(None)
)
_LAST_VERSION = (
    select(CartSession.version)
    .where(CartSession.user_id == bindparam("user_id"))
    .order_by(CartSession.id.desc())
    .limit(1)
)
_EMPTY = delete(CartItem).where(CartItem.cart_id == bindparam("cart_id"))


def begin(session: Session, device: Device, *, user_id: int, by: Caller | None = None) -> CartSession:
    """Give the trolley of a locked device to a shopper, with an empty basket. A step.

    A walk that is paid for ends here if it has not: whoever begins another one has left that trolley. What an older
    walk left in the shopper's cart is given back. The weight without goods is the trolley's own, so that what lies in
    it already is noticed. Versions go on from the shopper's last walk: none stands for two baskets.
    Raises TrolleyInUse, TrolleyUnavailable, SessionOpen.
    """
    trolley = free_trolley(session, device)
    cart_id = locks.active_cart(session, user_id=user_id, channel=ChannelName.IN_STORE)
    _end_paid(session, user_id)
    reservations.end(session, cart_id=cart_id, state=ReservationState.RELEASED)
    session.execute(_EMPTY, {"cart_id": cart_id})
    last = session.execute(_LAST_VERSION, {"user_id": user_id}).scalar_one_or_none()
    opened = CartSession(
        trolley_id=trolley.id,
        cart_id=cart_id,
        user_id=user_id,
        stock_location_id=trolley.stock_location_id,
        state=TrolleyState.SHOPPING,
        version=(last or 0) + 1,
        baseline_grams=trolley.tare_grams,
        gross_grams=device.gross_grams,
    )
    session.add(opened)
    trolley.state = TrolleyState.SHOPPING
    with refused_as(_UNIQUE):
        session.flush()
    session.execute(_FORGET_PENDING, {"trolley_id": trolley.id, "user_id": user_id})
    _record(session, opened, "OPEN", by, new={"trolley": trolley.id, "cart_id": cart_id, "user_id": user_id})
    return opened


def _end_paid(session: Session, user_id: int) -> None:
    """End the shopper's open session if it is paid for. Raises SessionOpen for any other."""
    cart_id = session.execute(_OPEN_OF_USER, {"user_id": user_id}).scalar_one_or_none()
    opened = locks.open_session(session, cart_id=cart_id) if cart_id is not None else None
    if opened is None:
        return
    if opened.state is not TrolleyState.PAID:
        raise SessionOpen
    end(session, opened, None, outcome=SessionOutcome.PAID)


_FORGET_PENDING = delete(PendingPairing).where(
    (PendingPairing.trolley_id == bindparam("trolley_id")) | (PendingPairing.user_id == bindparam("user_id"))
)
_ABANDON = (
    update(Cart)
    .where(Cart.id == bindparam("abandoned_id"), Cart.status == CartStatus.ACTIVE)
    .values(status=CartStatus.ABANDONED)
    .execution_options(synchronize_session=False)
)
_PARK = (
    update(Trolley)
    .where(Trolley.id == bindparam("parked_id"))
    .values(state=bindparam("new_state"), updated_at=func.now())
    .execution_options(synchronize_session=False)
)
_FREE = _PARK.where(Trolley.state.not_in((TrolleyState.MAINTENANCE, TrolleyState.LOST)))
_FORGET_CODES = delete(HandoffCode).where(
    HandoffCode.session_id == bindparam("session_id"), HandoffCode.used_at.is_(None)
)


def end(
    session: Session,
    opened: CartSession,
    device: Device | None,
    *,
    outcome: SessionOutcome,
    trolley_state: TrolleyState | None = None,
    by: Caller | None = None,
) -> None:
    """End a locked session, its device locked before it. A step.

    Unless it is paid, its goods are free for others again and its cart is abandoned. The device is told goodbye. The
    trolley is idle then, or as it is where it was taken out of service meanwhile, or as `trolley_state` says.
    """
    if outcome is not SessionOutcome.PAID:
        reservations.end(session, cart_id=opened.cart_id, state=ReservationState.RELEASED)
        session.execute(_EMPTY, {"cart_id": opened.cart_id})
        session.execute(_ABANDON, {"abandoned_id": opened.cart_id})
    session.execute(_FORGET_CODES, {"session_id": opened.id})
    calls.end(session, opened)
    opened.closed_at, opened.outcome = func.now(), outcome
    opened.version += 1
    session.flush()
    if trolley_state is None:
        set_free(session, opened.trolley_id)
    else:
        park(session, opened.trolley_id, trolley_state)
    if device is not None:
        notices.put(device, wire.goodbye())
    _record(session, opened, "CLOSE", by, old={"state": opened.state}, new={"outcome": outcome})


def set_free(session: Session, trolley_id: int) -> None:
    """Make a trolley whose session ended idle, unless it was taken out of service; its device locked. A step."""
    session.execute(_FREE, {"parked_id": trolley_id, "new_state": TrolleyState.IDLE})


def park(session: Session, trolley_id: int, state: TrolleyState) -> None:
    """Set the state of a trolley without a session, its device locked. A step."""
    session.execute(_PARK, {"parked_id": trolley_id, "new_state": state})


_OWN = select(CartSession.trolley_id, CartSession.cart_id).where(
    CartSession.user_id == bindparam("user_id"), CartSession.closed_at.is_(None)
)


def own(session: Session, caller: Caller, *, cart_id: int | None = None) -> CartSession:
    """The caller's open session, locked with its cart. A step.

    Raises NoTrolley; TrolleyCartNotFound where a cart was named and is not that of the session.
    """
    row = session.execute(_OWN, {"user_id": caller.user_id}).one_or_none()
    if row is None or cart_id not in (None, row.cart_id):
        raise NoTrolley if cart_id is None else TrolleyCartNotFound
    opened = locks.open_session(session, cart_id=row.cart_id)
    if opened is None or opened.user_id != caller.user_id:
        raise Busy(retry_after=1)
    return opened


def own_with_device(
    session: Session, caller: Caller, *, cart_id: int | None = None, other_trolley: int | None = None
) -> tuple[CartSession, dict[int, Device]]:
    """As `own`, with the devices of its trolley and of another one locked before it, by trolley. A step."""
    row = session.execute(_OWN, {"user_id": caller.user_id}).one_or_none()
    if row is None or cart_id not in (None, row.cart_id):
        raise NoTrolley if cart_id is None else TrolleyCartNotFound
    more = [] if other_trolley is None else [other_trolley]
    devices = locks.devices_on(session, row.trolley_id, *more)
    opened = locks.open_session(session, cart_id=row.cart_id)
    if opened is None or (opened.user_id, opened.trolley_id) != (caller.user_id, row.trolley_id):
        raise Busy(retry_after=1)
    return opened, devices


def require(opened: CartSession, *states: TrolleyState) -> None:
    """Raises CartLocked where a session is in none of these states."""
    if opened.state not in states:
        raise CartLocked(details={"state": opened.state})


def _record(session: Session, opened: CartSession, action: str, by: Caller | None, **values: Any) -> None:
    audit.record(session, entity_type="cart_session", action=action, entity_id=opened.id, by=by, **values)
