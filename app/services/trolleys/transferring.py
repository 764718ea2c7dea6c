"""A shopper changes trolleys, as for a battery that runs low; the basket comes along (B.7)."""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.devices import notices as wire
from app.domain.enums import AssistReason, TrolleyState
from app.models import CartSession, Device, Trolley
from app.schemas.trolleys import ConnectedTrolley, TransferForm
from app.services import audit, locks
from app.services.devices import notices
from app.services.trolleys import calls, news, pairing, sessions
from app.services.trolleys.refusals import OtherBranch, TrolleyNotFound, TrolleyUnavailable
from app.transaction import transaction

_MOVED = "Your cart is on this trolley now. Put the goods over."


def transfer(form: TransferForm, caller: Caller, *, cart_id: int) -> ConnectedTrolley:
    """Move the caller's open session to another, free trolley of the branch; harmless to repeat.

    Raises TrolleyCartNotFound, TrolleyNotFound, PairCodeUnknown, PairCodeGone, CartLocked, TrolleyInUse,
    TrolleyUnavailable, OtherBranch.
    """
    with transaction() as session:
        locks.limit_waits(session)
        trolley_id, code_id = _asked(session, form)
        opened, devices = sessions.own_with_device(session, caller, cart_id=cart_id, other_trolley=trolley_id)
        if opened.trolley_id == trolley_id:
            return pairing.connected(session, opened)
        sessions.require(opened, TrolleyState.SHOPPING, TrolleyState.ASSIST)
        device = devices.get(trolley_id)
        if device is None:
            raise TrolleyUnavailable(details={"reason": "device"})
        trolley = sessions.free_trolley(session, device)
        if trolley.stock_location_id != opened.stock_location_id:
            raise OtherBranch
        if code_id is not None:
            pairing.use_code(session, code_id, caller)
        _move(session, opened, devices, trolley, caller)
        news.changed(session, opened)
        return pairing.connected(session, opened, _MOVED)


_KNOWN = select(Trolley.id).where(Trolley.id == bindparam("trolley_id"))


def _asked(session: Session, form: TransferForm) -> tuple[int, int | None]:
    """The trolley to move to, and the code to be used up for it."""
    if form.code is not None:
        code = pairing.found_code(session, form.code)
        if code.trolley_id is None:
            raise TrolleyUnavailable(details={"reason": "device"})
        return int(code.trolley_id), int(code.id)
    found: int | None = session.execute(_KNOWN, {"trolley_id": form.trolley}).scalar_one_or_none()
    if found is None:
        raise TrolleyNotFound
    return found, None


def _move(session: Session, opened: CartSession, devices: dict[int, Device], trolley: Trolley, caller: Caller) -> None:
    """What is known of the weights stays until the new scale has spoken: a mismatch is not got rid of like this."""
    old = opened.trolley_id
    opened.trolley_id, opened.baseline_grams = trolley.id, trolley.tare_grams
    opened.gross_grams = None
    opened.version += 1
    trolley.state = TrolleyState.SHOPPING
    session.flush()
    sessions.set_free(session, old)
    if old in devices:
        notices.put(devices[old], wire.goodbye())
    calls.call_off(session, opened, AssistReason.LOW_BATTERY)
    audit.record(
        session,
        entity_type="cart_session",
        action="TRANSFER",
        entity_id=opened.id,
        by=caller,
        old={"trolley": old},
        new={"trolley": trolley.id},
    )
