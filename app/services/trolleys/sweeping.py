"""What time does to trolleys that nobody speaks for: forgotten, lost, unloaded, or with a weight nobody puts right.

Each is looked at again under its locks before anything is done, so any number of sweepers may run.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.domain.devices import notices as wire
from app.domain.devices.lifecycle import (
    ABANDONED_S,
    EMPTY_MARGIN_G,
    LOST_S,
    SUSPEND_LOST_S,
    Presence,
    is_abandoned,
    presence,
)
from app.domain.devices.weights import MISMATCH_S, SUSPECT_S, after_time
from app.domain.enums import (
    AssistReason,
    DeviceStatus,
    IncidentKind,
    OrderStatus,
    SessionOutcome,
    TrolleyState,
    WeightState,
)
from app.models import CartItem, CartSession, Device, Order, Trolley
from app.services import audit, locks
from app.services.devices import notices
from app.services.trolleys import calls, consequences, incidents, maintenance, news, sessions, weighing
from app.services.trolleys.restoring import back_in_the_trolley
from app.transaction import reading, transaction

log = logging.getLogger("aisle.trolleys")

Work = Callable[[Session, CartSession, Device | None], bool]

_AT_ONCE = 100
_WALKING = (TrolleyState.SHOPPING, TrolleyState.REVIEW, TrolleyState.ASSIST)
_STOPPED = (TrolleyState.LOST, TrolleyState.MAINTENANCE)


def sweep() -> dict[str, int]:
    """One pass over all of it; answers how many trolleys each rule changed."""
    return {
        "trolleys_with_a_wrong_weight": _each(_HEAVY, _grow),
        "trolleys_unloaded": _each(_LIGHT, _unloaded),
        "trolleys_lost": _each(_SILENT, _lose),
        "trolleys_abandoned": _each(_QUIET, _abandon),
        "trolleys_not_paid": _restore(),
        "devices_suspended": _suspend_lost(),
    }


def _open(*conditions: ColumnElement[bool]) -> Select[int, int]:
    """Open sessions with their device, oldest first."""
    return (
        select(CartSession.id, CartSession.trolley_id)
        .join(Trolley, Trolley.id == CartSession.trolley_id)
        .outerjoin(Device, Device.trolley_id == CartSession.trolley_id)
        .where(CartSession.closed_at.is_(None), *conditions)
        .order_by(CartSession.id)
        .limit(_AT_ONCE)
    )


def _before(seconds: int) -> ColumnElement[datetime]:
    return func.now() - timedelta(seconds=seconds)


_HEAVY = _open(
    CartSession.state.in_(_WALKING),
    or_(
        (CartSession.weight_state == WeightState.SUSPECT) & (CartSession.weight_since <= _before(SUSPECT_S)),
        (CartSession.weight_state == WeightState.MISMATCH) & (CartSession.weight_since <= _before(MISMATCH_S)),
    ),
)
_LIGHT = _open(CartSession.state == TrolleyState.PAID, CartSession.gross_grams <= Trolley.tare_grams + EMPTY_MARGIN_G)
_SILENT = _open(
    CartSession.state.not_in(_STOPPED),
    Trolley.state.not_in(_STOPPED),
    Device.id.is_not(None),
    func.greatest(Device.last_seen_at, CartSession.opened_at) <= _before(LOST_S),
)
_QUIET = _open(CartSession.state.in_((*_WALKING, *_STOPPED)), CartSession.last_event_at <= _before(ABANDONED_S))


def _each(found: Select[int, int], work: Work) -> int:
    """Do `work` on each session in a transaction of its own. What fails is left for the next pass."""
    with reading() as connection:
        rows = connection.execute(found).all()
    done = 0
    for row in rows:
        try:
            done += _one(row.id, row.trolley_id, work)
        except DBAPIError:
            log.exception("a trolley could not be swept", extra={"trolley_id": row.trolley_id})
    return done


def _one(session_id: int, trolley_id: int, work: Work) -> bool:
    with transaction() as session:
        locks.limit_waits(session)
        device = locks.devices_on(session, trolley_id).get(trolley_id)
        opened = locks.session_of_trolley(session, trolley_id=trolley_id)
        if opened is None or opened.id != session_id or not work(session, opened, device):
            return False
        news.changed(session, opened)
        return True


def _grow(session: Session, opened: CartSession, device: Device | None) -> bool:
    """A weight that stays wrong becomes a mismatch, and a mismatch a call for the staff."""
    before = weighing.watch_of(session, opened)
    now = after_time(before, int(datetime.now(UTC).timestamp()))
    if opened.state not in _WALKING or now == before:
        return False
    state = opened.state
    weighing.follow(opened, before, now)
    weighing.keep(session, opened, before, now)
    opened.version += 1
    if device is not None:
        notices.put(device, weighing.TOLD[now.state])
    if device is not None and opened.state is not state:
        notices.put(device, wire.state_notice(opened.state))
    return True


def _unloaded(session: Session, opened: CartSession, device: Device | None) -> bool:
    tare = session.get_one(Trolley, opened.trolley_id).tare_grams
    if opened.state is not TrolleyState.PAID or not consequences.is_unloaded(session, opened, tare):
        return False
    sessions.end(session, opened, device, outcome=SessionOutcome.PAID)
    return True


def _lose(session: Session, opened: CartSession, device: Device | None) -> bool:
    """A trolley nobody has heard of is looked for; its scans so far stay, in case it comes back."""
    if device is None:
        return False
    silent = _seconds_since(max(device.last_seen_at or opened.opened_at, opened.opened_at))
    if presence(silent, opened.state) is not Presence.LOST:
        return False
    incidents.note(session, device, IncidentKind.LOST_TROLLEY, session_id=opened.id, silent_seconds=silent)
    sessions.park(session, opened.trolley_id, TrolleyState.LOST)
    maintenance.stop(session, opened, TrolleyState.LOST)
    return True


def _abandon(session: Session, opened: CartSession, device: Device | None) -> bool:
    """A walk that nobody goes on with ends; what lies in the trolley is never charged, and put back by the staff."""
    quiet = _seconds_since(opened.last_event_at)
    if quiet < ABANDONED_S or opened.state not in (*_WALKING, *_STOPPED):
        return False
    if not _has_goods(session, opened, device, quiet):
        sessions.end(session, opened, device, outcome=SessionOutcome.LEFT)
        return True
    calls.call(session, opened, AssistReason.RESTOCK)
    stays = None if opened.state in _STOPPED else TrolleyState.MAINTENANCE
    sessions.end(session, opened, device, outcome=SessionOutcome.ABANDONED, trolley_state=stays)
    return True


def _has_goods(session: Session, opened: CartSession, device: Device | None, quiet: int) -> bool:
    """By the scale, or by what was scanned."""
    gross = opened.gross_grams if device is None or device.gross_grams is None else device.gross_grams
    tare = session.get_one(Trolley, opened.trolley_id).tare_grams
    is_heavy = gross is not None and is_abandoned(TrolleyState.SHOPPING, quiet, gross, tare)
    lines = select(exists().where(CartItem.cart_id == opened.cart_id))
    return is_heavy or bool(session.execute(lines).scalar_one())


_LEFT_PAYING = (
    select(Order.id, Order.user_id)
    .join(CartSession, CartSession.cart_id == Order.cart_id)
    .where(
        CartSession.closed_at.is_(None),
        CartSession.state == TrolleyState.PAYING,
        Order.status == OrderStatus.CANCELED,
    )
    .order_by(Order.id)
    .limit(_AT_ONCE)
)


def _restore() -> int:
    """Put back what a crash kept from its trolley, between the end of an order and the return of its goods."""
    with reading() as connection:
        rows = connection.execute(_LEFT_PAYING).all()
    done = 0
    for row in rows:
        try:
            back_in_the_trolley(order_id=row.id, user_id=row.user_id)
            done += 1
        except DBAPIError:
            log.exception("goods could not be put back into a trolley", extra={"order_id": row.id})
    return done


_LONG_LOST = (
    update(Device)
    .where(
        Device.status == DeviceStatus.ACTIVE,
        Device.last_seen_at <= _before(SUSPEND_LOST_S),
        Device.trolley_id.in_(select(Trolley.id).where(Trolley.state == TrolleyState.LOST)),
    )
    .values(status=DeviceStatus.SUSPENDED)
    .returning(Device.id)
    .execution_options(synchronize_session=False)
)


def _suspend_lost() -> int:
    """After a day the key of a lost trolley is of no use to whoever has it."""
    with transaction() as session:
        locks.limit_waits(session)
        found = list(session.execute(_LONG_LOST).scalars())
        old, new = {"status": DeviceStatus.ACTIVE}, {"status": DeviceStatus.SUSPENDED}
        for device_id in found:
            audit.record(session, entity_type="device", action="LOST", entity_id=device_id, old=old, new=new)
    return len(found)


def _seconds_since(then: datetime) -> int:
    return int((datetime.now(UTC) - then).total_seconds())
