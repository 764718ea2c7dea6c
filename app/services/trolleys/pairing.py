"""How a shopper gets a trolley from the app: by its code, by its number and its button, by a token it scans (B.7)."""

import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.config import settings
from app.domain.caller import Caller
from app.domain.devices.codes import PAIR_LENGTH, typed_code
from app.domain.enums import SessionOutcome, TrolleyState
from app.models import CartSession, Device, PairCode, PendingPairing, ShopperQr, Trolley
from app.models.base import AnyRow
from app.schemas.trolleys import ConnectedTrolley, ConnectForm, PairForm, PendingTrolley, ShopperToken
from app.services import locks
from app.services.secrets_at_rest import keyed_hash
from app.services.trolleys import news, sessions
from app.services.trolleys.refusals import (
    PairCodeGone,
    PairCodeUnknown,
    SessionOpen,
    TrolleyInUse,
    TrolleyNotFound,
    TrolleyUnavailable,
)
from app.transaction import transaction

CODE_SECONDS = 120
BUTTON_SECONDS = 30
QR_SECONDS = 60
_QR_BYTES = 24
_CONNECTED = "The trolley is yours."


def pair(form: PairForm, caller: Caller) -> ConnectedTrolley:
    """Give the caller the trolley that shows a code; the same answer for who has used this code before.

    Raises PairCodeUnknown, PairCodeGone, TrolleyInUse, TrolleyUnavailable, SessionOpen.
    """
    with transaction() as session:
        locks.limit_waits(session)
        code = found_code(session, form.code)
        device = _locked(session, code.trolley_id)
        opened = _already(session, caller, device)
        if opened is None:
            sessions.free_trolley(session, device)
            use_code(session, code.id, caller)
            opened = sessions.begin(session, device, user_id=caller.user_id, by=caller)
            news.changed(session, opened)
        return connected(session, opened)


_CODE = (
    select(PairCode.id, Device.trolley_id)
    .join(Device, Device.id == PairCode.device_id)
    .where(PairCode.code_hash == bindparam("code_hash"))
)
_USE_CODE = (
    update(PairCode)
    .where(PairCode.id == bindparam("code_id"), PairCode.used_at.is_(None), PairCode.expires_at > func.now())
    .values(used_at=func.now(), used_by=bindparam("shopper_id"))
    .returning(PairCode.id)
    .execution_options(synchronize_session=False)
)


def found_code(session: Session, typed: str) -> AnyRow:
    """(id, trolley_id) of the code a person typed. A step. Raises PairCodeUnknown."""
    code = typed_code(typed, PAIR_LENGTH)
    row = session.execute(_CODE, {"code_hash": code_hash(code)}).one_or_none() if code else None
    if row is None:
        raise PairCodeUnknown
    return row


def use_code(session: Session, code_id: int, caller: Caller) -> None:
    """Use a code up, its device locked. A step. Raises PairCodeGone."""
    values = {"code_id": code_id, "shopper_id": caller.user_id}
    if session.execute(_USE_CODE, values).scalar_one_or_none() is None:
        raise PairCodeGone


def code_hash(code: str) -> str:
    """What is stored of a code on a display."""
    return keyed_hash("pair-code", code)


def _locked(session: Session, trolley_id: int | None) -> Device:
    device = locks.devices_on(session, trolley_id).get(trolley_id) if trolley_id else None
    if device is None:
        raise TrolleyUnavailable(details={"reason": "device"})
    return device


_ALREADY = select(CartSession.cart_id).where(
    CartSession.user_id == bindparam("user_id"),
    CartSession.trolley_id == bindparam("trolley_id"),
    CartSession.closed_at.is_(None),
)


def _already(session: Session, caller: Caller, device: Device) -> CartSession | None:
    """The caller's open session with this very trolley: a request that is repeated because its answer was lost.

    One that is paid for is over: who asks for the trolley again means to begin anew.
    """
    values = {"user_id": caller.user_id, "trolley_id": device.trolley_id}
    cart_id = session.execute(_ALREADY, values).scalar_one_or_none()
    opened = locks.open_session(session, cart_id=cart_id) if cart_id is not None else None
    if opened is not None and opened.state is TrolleyState.PAID:
        sessions.end(session, opened, device, outcome=SessionOutcome.PAID, by=caller)
        return None
    return opened


_LABEL = select(Trolley.label).where(Trolley.id == bindparam("trolley_id"))


def connected(session: Session, opened: CartSession, message: str = _CONNECTED) -> ConnectedTrolley:
    """The answer for a session. A step."""
    return ConnectedTrolley(
        cart_id=opened.cart_id,
        session_id=opened.id,
        user_id=opened.user_id or 0,
        trolley=opened.trolley_id,
        label=session.execute(_LABEL, {"trolley_id": opened.trolley_id}).scalar_one(),
        branch_id=opened.stock_location_id,
        state=opened.state,
        version=opened.version,
        message=message,
    )


_KNOWN = select(Trolley.id).where(Trolley.id == bindparam("trolley_id"))
_HAS_SESSION = select(CartSession.id).where(
    CartSession.user_id == bindparam("user_id"),
    CartSession.closed_at.is_(None),
    CartSession.state != TrolleyState.PAID,
)
_PENDING = select(PendingPairing.user_id, PendingPairing.expires_at).where(
    PendingPairing.trolley_id == bindparam("trolley_id"), PendingPairing.expires_at > func.now()
)
_OTHER_PENDING = delete(PendingPairing).where(
    PendingPairing.user_id == bindparam("user_id"), PendingPairing.trolley_id != bindparam("trolley_id")
)


def connect(form: ConnectForm, caller: Caller) -> ConnectedTrolley | PendingTrolley:
    """Ask for the trolley with a number; it is the caller's once its button is pressed within 30 s.

    With DEVICE_LEGACY_OPEN a trolley of the first hardware is the caller's at once. Whoever asks first is waited for.
    Answers the session where the caller has this very trolley. Raises
    TrolleyNotFound, TrolleyInUse, TrolleyUnavailable, SessionOpen.
    """
    with transaction() as session:
        locks.limit_waits(session)
        if session.execute(_KNOWN, {"trolley_id": form.cart_id}).scalar_one_or_none() is None:
            raise TrolleyNotFound
        device = _locked(session, form.cart_id)
        opened = _already(session, caller, device)
        if opened is not None:
            return connected(session, opened)
        sessions.free_trolley(session, device)
        if session.execute(_HAS_SESSION, {"user_id": caller.user_id}).first():
            raise SessionOpen
        if not _has_no_button(device):
            return _wait_for_button(session, form.cart_id, caller)
        opened = sessions.begin(session, device, user_id=caller.user_id, by=caller)
        news.changed(session, opened)
        return connected(session, opened)


def _has_no_button(device: Device) -> bool:
    """Whether a trolley has the first hardware, which has no key to say with that its button was pressed."""
    return settings().device_legacy_open and device.claimed_at is None and device.bearer_hash is None


def _wait_for_button(session: Session, trolley_id: int, caller: Caller) -> PendingTrolley:
    waiting = session.execute(_PENDING, {"trolley_id": trolley_id}).one_or_none()
    if waiting is not None and waiting.user_id != caller.user_id:
        raise TrolleyInUse
    session.execute(_OTHER_PENDING, {"user_id": caller.user_id, "trolley_id": trolley_id})
    expires_at = datetime.now(UTC) + timedelta(seconds=BUTTON_SECONDS)
    fresh = {"user_id": caller.user_id, "expires_at": expires_at}
    asked = insert(PendingPairing).values(trolley_id=trolley_id, **fresh)
    session.execute(asked.on_conflict_do_update(index_elements=[PendingPairing.trolley_id], set_=fresh))
    return PendingTrolley(
        trolley=trolley_id,
        user_id=caller.user_id,
        expires_at=expires_at,
        expires_in=BUTTON_SECONDS,
        message=f"Press the button on the trolley within {BUTTON_SECONDS} seconds.",
    )


_TAKE_PENDING = (
    delete(PendingPairing)
    .where(PendingPairing.trolley_id == bindparam("trolley_id"))
    .returning(PendingPairing.user_id, PendingPairing.expires_at)
)


def confirm_pending(session: Session, device: Device) -> CartSession | None:
    """The button of a locked device's trolley was pressed: begin the session somebody waits for. A step.

    None where nobody waits any more, or the trolley or the shopper is not free by now. The caller tells
    (`news.changed`).
    """
    row = session.execute(_TAKE_PENDING, {"trolley_id": device.trolley_id}).one_or_none()
    if row is None or row.expires_at <= datetime.now(UTC):
        return None
    try:
        return sessions.begin(session, device, user_id=row.user_id)
    except (TrolleyInUse, TrolleyUnavailable, SessionOpen):
        return None


def my_qr(caller: Caller) -> ShopperToken:
    """A token for the caller that a trolley's scanner reads; the one before is void."""
    token = secrets.token_urlsafe(_QR_BYTES)
    expires_at = datetime.now(UTC) + timedelta(seconds=QR_SECONDS)
    with transaction() as session:
        session.execute(delete(ShopperQr).where(ShopperQr.user_id == caller.user_id))
        made = {"token_hash": token_hash(token), "user_id": caller.user_id, "expires_at": expires_at}
        session.execute(insert(ShopperQr).values(**made))
    return ShopperToken(token=token, expires_at=expires_at, expires_in=QR_SECONDS)


def token_hash(token: str) -> str:
    """What is stored of a shopper's token."""
    return keyed_hash("shopper-qr", token)
