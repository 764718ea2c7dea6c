"""How soon the staff must see to an order; days and times of day are those of the shop's time zone."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.enums import FulfillmentType, OrderStatus, Urgency
from app.domain.order_states import IN_WORK

WITHOUT_SLOT = 1440
"""The rank of an order that nobody drives out: behind the deliveries of today, before those of later days."""

CRITICAL_WITHIN = timedelta(hours=1)
DUE_SOON_WITHIN = timedelta(hours=3)


def midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """The start of the present day on the wall clock of the zone, without an offset."""
    return _on_the_wall(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)


def rank(*, fulfillment: FulfillmentType, slot_start: datetime | None, now: datetime, zone: ZoneInfo) -> int:
    """Minutes on the wall clock from today's midnight to the start of the delivery; less is more urgent.

    A delivery of today has the minutes of its start, one of tomorrow 1440 more, an overdue one of yesterday 1440 less.
    A pickup has 1440 (contract of the supermarket, section 9).
    """
    if fulfillment is FulfillmentType.PICKUP or slot_start is None:
        return WITHOUT_SLOT
    return (_on_the_wall(slot_start, zone) - midnight(now, zone)) // timedelta(minutes=1)


def due_at(*, fulfillment: FulfillmentType, slot_start: datetime | None, slot_end: datetime | None) -> datetime | None:
    """When an order must have been seen to: a delivery at the start of its slot, a pickup at the end of its window."""
    return slot_end if fulfillment is FulfillmentType.PICKUP else slot_start


def urgency(
    *, status: OrderStatus, fulfillment: FulfillmentType, due: datetime | None, now: datetime, zone: ZoneInfo
) -> Urgency:
    """The word for an order. Where the staff have nothing left to do it is onTrack, however late it is.

    That is an ended order, and a pickup that is READY and waits for the customer; so is one that is due at no time.
    """
    waits = fulfillment is FulfillmentType.PICKUP and status is OrderStatus.READY
    if due is None or waits or status not in IN_WORK:
        return Urgency.ON_TRACK
    if due - now <= CRITICAL_WITHIN:
        return Urgency.CRITICAL
    if due - now <= DUE_SOON_WITHIN:
        return Urgency.DUE_SOON
    is_today = _on_the_wall(due, zone).date() <= midnight(now, zone).date()
    return Urgency.ON_TRACK if is_today else Urgency.SCHEDULED


def _on_the_wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
