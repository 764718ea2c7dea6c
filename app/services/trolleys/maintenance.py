"""A trolley out of service: taken out for a clash of its events, given back by the staff."""

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.devices import notices as wire
from app.domain.devices.lifecycle import CartMove, after
from app.domain.enums import IncidentKind, SessionOutcome, TrolleyState
from app.errors import Conflict, NotFound
from app.models import CartSession, Device, Trolley
from app.services import audit, locks, staff
from app.services.devices import notices
from app.services.devices.refusals import Aftermath
from app.services.trolleys import incidents, news, sessions
from app.transaction import transaction

_STOPPED = {TrolleyState.SHOPPING, TrolleyState.REVIEW, TrolleyState.ASSIST}


class StaffTrolleyNotFound(NotFound):
    code = "TROLLEY_NOT_FOUND"
    message = "There is no such trolley at your branches."


class TrolleyNotReleasable(Conflict):
    """`details.state` is where the trolley stands."""

    code = "TROLLEY_NOT_RELEASABLE"
    message = "Only a trolley under maintenance can be released; details.state says where it stands."


def after_clash(device: Device) -> Aftermath:
    """What outlives the refusal of a clash: an incident, and the trolley is out of service."""
    public_id = device.device_id

    def keep(session: Session) -> None:
        found = locks.device(session, device_id=public_id)
        if found is not None:
            _take_out(session, found)

    return keep


_KNOWN = text("""
    SELECT EXISTS (
        SELECT FROM trolley_incidents WHERE device_id = :device_id AND kind = 'clash' AND resolved_at IS NULL)
""")


def _take_out(session: Session, device: Device) -> None:
    """One open incident a device is enough: it goes on sending the same."""
    opened = locks.session_of_trolley(session, trolley_id=device.trolley_id) if device.trolley_id else None
    if not session.execute(_KNOWN, {"device_id": device.id}).scalar_one():
        session_id = opened.id if opened else None
        incidents.note(session, device, IncidentKind.CLASH, session_id=session_id, last_seq=device.last_seq)
    if device.trolley_id is not None:
        sessions.park(session, device.trolley_id, TrolleyState.MAINTENANCE)
    if opened is not None:
        stop(session, opened, TrolleyState.MAINTENANCE)
        news.changed(session, opened)


def stop(session: Session, opened: CartSession, state: TrolleyState) -> None:
    """Stop a locked session where it stands; one that is being paid or is paid takes its course. A step."""
    if opened.state in _STOPPED:
        opened.state, opened.snapshot = state, None
        opened.version += 1
        session.flush()


_TROLLEY = select(Trolley.id, Trolley.state, Trolley.tare_grams).where(
    Trolley.id == bindparam("trolley_id"), staff.works_at(Trolley.stock_location_id)
)


def locate(*, trolley_id: int, caller: Caller) -> None:
    """Have a trolley blink and beep with its next answer, for the staff to find it. Raises StaffTrolleyNotFound."""
    values = {"trolley_id": trolley_id, "employee_id": staff.employee_id(caller)}
    with transaction() as session:
        if session.execute(_TROLLEY, values).one_or_none() is None:
            raise StaffTrolleyNotFound
        notices.send(session, trolley_id=trolley_id, notice=wire.locate())


def release(*, trolley_id: int, caller: Caller) -> None:
    """Give a trolley that the staff have emptied and looked over back to the shoppers; a walk still open ends.

    Its scale is to count from here, unless it is to show the trolley's own weight too.
    Raises StaffTrolleyNotFound or TrolleyNotReleasable.
    """
    values = {"trolley_id": trolley_id, "employee_id": staff.employee_id(caller)}
    with transaction() as session:
        locks.limit_waits(session)
        device = locks.devices_on(session, trolley_id).get(trolley_id)
        opened = locks.session_of_trolley(session, trolley_id=trolley_id)
        row = session.execute(_TROLLEY, values).one_or_none()
        if row is None:
            raise StaffTrolleyNotFound
        if after(CartMove.RELEASE, row.state) is None:
            raise TrolleyNotReleasable(details={"state": row.state})
        sessions.park(session, trolley_id, TrolleyState.IDLE)
        old = {"state": row.state}
        audit.record(session, entity_type="trolley", action="RELEASE", entity_id=trolley_id, by=caller, old=old)
        if opened is not None:
            _end(session, opened, device, caller)
        if device is not None and row.tare_grams == 0:
            notices.put(device, wire.tare())


def _end(session: Session, opened: CartSession, device: Device | None, caller: Caller) -> None:
    if opened.state is TrolleyState.PAYING:
        raise TrolleyNotReleasable(details={"state": opened.state})
    outcome = SessionOutcome.PAID if opened.state is TrolleyState.PAID else SessionOutcome.LEFT
    sessions.end(session, opened, device, outcome=outcome, by=caller)
    news.changed(session, opened)
