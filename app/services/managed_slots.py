"""Delivery windows as managers edit them.

Orders keep the hours they were promised. A new capacity counts for dates to come, those already booked included; what
is past stays as it was.
"""

from sqlalchemy import BigInteger, Boolean, SmallInteger, bindparam, cast, or_, select
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import LocationKind
from app.domain.slots import is_valid_window
from app.errors import BadRequest, Conflict, NotFound
from app.models import DeliverySlot, StockLocation
from app.models.base import AnyRow
from app.schemas.managed_branches import ManagedSlot, ManagedSlotQuery, NewSlot, SlotChange
from app.services import audit, changes, locks
from app.services.branches import BranchNotFound
from app.services.refusals import refused_as
from app.services.shop_clock import today
from app.transaction import reading, transaction


class WindowRefused(BadRequest):
    code = "INVALID_SLOT"
    message = "A delivery slot is two hours long and lies between 06:00 and 22:00."


class SlotExists(Conflict):
    code = "DUPLICATE_SLOT"
    message = "The branch has a slot that starts at this time of this day. Change that one."


_REFUSALS = {"uq_delivery_slots_stock_location_id_day_of_week_start_time": SlotExists}
_COLUMNS = (
    DeliverySlot.id,
    DeliverySlot.stock_location_id.label("branch_id"),
    StockLocation.name.label("branch_name"),
    DeliverySlot.day_of_week,
    DeliverySlot.start_time,
    DeliverySlot.end_time,
    DeliverySlot.capacity,
    DeliverySlot.cutoff_minutes,
    DeliverySlot.is_active,
)
_EVERY = select(*_COLUMNS).join(StockLocation, StockLocation.id == DeliverySlot.stock_location_id)
_ONE = _EVERY.where(DeliverySlot.id == bindparam("slot_id", type_=BigInteger))
_BRANCH = bindparam("branch_id", type_=BigInteger)
_DAY = bindparam("day_of_week", type_=SmallInteger)
_ACTIVE = cast(bindparam("is_active"), Boolean)
_LISTED = _EVERY.where(
    or_(_BRANCH.is_(None), DeliverySlot.stock_location_id == _BRANCH),
    or_(_DAY.is_(None), DeliverySlot.day_of_week == _DAY),
    or_(_ACTIVE.is_(None), DeliverySlot.is_active == _ACTIVE),
).order_by(DeliverySlot.stock_location_id, DeliverySlot.day_of_week, DeliverySlot.start_time, DeliverySlot.id)
_BRANCH_EXISTS = select(StockLocation.id).where(StockLocation.id == _BRANCH, StockLocation.kind != LocationKind.SHOP)


def list_slots(query: ManagedSlotQuery) -> list[ManagedSlot]:
    """The windows of all branches, inactive ones too, by branch, day and start (one statement)."""
    with reading() as connection:
        return [_shown(row) for row in connection.execute(_LISTED, query.model_dump())]


def create(form: NewSlot, caller: Caller) -> ManagedSlot:
    """Add a weekly window to a branch. Raises BranchNotFound, WindowRefused, SlotExists."""
    with transaction() as session:
        if session.execute(_BRANCH_EXISTS, {"branch_id": form.branch_id}).scalar_one_or_none() is None:
            raise BranchNotFound
        slot = DeliverySlot(stock_location_id=form.branch_id, **form.model_dump(exclude={"branch_id"}))
        session.add(slot)
        _checked(session, slot)
        new = changes.in_json(form.model_dump())
        audit.record(session, entity_type="delivery_slot", action="CREATE", entity_id=slot.id, by=caller, new=new)
        return _read(session, slot.id)


def change(form: SlotChange, caller: Caller, *, slot_id: int) -> ManagedSlot:
    """Change what the form names. Raises NotFound, WindowRefused, SlotExists.

    A new capacity goes to all dates from today on, with two exceptions: a date takes at least as many orders as it
    has, and one that a manager gave a lower number keeps that where the new one is higher.
    """
    values = form.model_dump(exclude_none=True, exclude={"branch_id"})
    return _edit(values, caller, slot_id=slot_id, action="UPDATE")


def switch(caller: Caller, *, slot_id: int, active: bool) -> ManagedSlot:
    """Take a window out of the week or bring it back; orders booked stay booked. Raises NotFound."""
    action = "ACTIVATE" if active else "DEACTIVATE"
    return _edit({"is_active": active}, caller, slot_id=slot_id, action=action)


def _edit(values: changes.Values, caller: Caller, *, slot_id: int, action: str) -> ManagedSlot:
    with transaction() as session:
        slot = locks.delivery_slot(session, slot_id=slot_id)
        if slot is None:
            raise NotFound
        change = changes.apply(slot, values)
        if change:
            _checked(session, slot)
            if "capacity" in change.new:
                _spread(session, slot, before=change.old["capacity"])
            changes.record(session, change, entity_type="delivery_slot", action=action, entity_id=slot.id, by=caller)
        return _read(session, slot.id)


def _checked(session: Session, slot: DeliverySlot) -> None:
    if not is_valid_window(slot.start_time, slot.end_time):
        raise WindowRefused
    with refused_as(_REFUSALS):
        session.flush()


def _spread(session: Session, slot: DeliverySlot, *, before: int) -> None:
    """Give the new capacity to the dates that exist; the others get it when their first booking makes them."""
    for day in locks.occurrences_from(session, slot_id=slot.id, first_day=today()):
        was_lowered = day.capacity < before
        wanted = min(day.capacity, slot.capacity) if was_lowered else slot.capacity
        day.capacity = max(wanted, day.booked)


def _read(session: Session, slot_id: int) -> ManagedSlot:
    return _shown(session.execute(_ONE, {"slot_id": slot_id}).one())


def _shown(row: AnyRow) -> ManagedSlot:
    return ManagedSlot.model_validate(row)
