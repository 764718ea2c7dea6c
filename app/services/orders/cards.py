"""What the queue and the page of one order share: the columns of an order, and the fields made of a row."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from app.config import settings
from app.domain import urgency
from app.domain.enums import FulfillmentType, PickedStatus, Urgency
from app.models import Order, StockLocation, User
from app.models.base import AnyRow
from app.schemas.picking_queue import QueueLine, StaffCustomer, StaffPerson
from app.services.orders import shown

NAMED_IN_SUMMARY = 3

_PICKER, _DRIVER = aliased(User), aliased(User)
CARDS: Select[Any] = (
    select(
        *Order.__table__.c,
        User.full_name.label("customer_name"),
        User.phone.label("customer_phone"),
        StockLocation.name.label("branch_name"),
        StockLocation.address.label("branch_address"),
        _PICKER.full_name.label("picker_name"),
        _DRIVER.full_name.label("driver_name"),
    )
    .select_from(Order)
    .join(User, User.id == Order.user_id)
    .join(StockLocation, StockLocation.id == Order.stock_location_id)
    .outerjoin(_PICKER, _PICKER.id == Order.picker_id)
    .outerjoin(_DRIVER, _DRIVER.id == Order.driver_id)
)
"""Orders with the names around them, without their lines."""

_PLAIN = (
    "id",
    "order_number",
    "status",
    "created_at",
    "fulfillment_type",
    "customer_name",
    "claimed_at",
    "batch_id",
    "currency",
    "total_amount",
    "final_total",
)


def fields(row: AnyRow, lines: Sequence[QueueLine], now: datetime) -> dict[str, Any]:
    """The fields of a QueueOrder, which a StaffOrder has too."""
    pickup = row.fulfillment_type is FulfillmentType.PICKUP
    return {name: row._mapping[name] for name in _PLAIN} | {
        "order_id": row.id,
        "urgency_rank": _rank(row, now),
        "urgency": _urgency(row, now),
        "branch": shown.branch(row),
        "customer": StaffCustomer(full_name=row.customer_name, phone=row.customer_phone),
        "delivery_slot": shown.slot(row.delivery_slot_id, row.slot_start, row.slot_end),
        "pickup_start": row.slot_start if pickup else None,
        "pickup_end": row.slot_end if pickup else None,
        "items_count": len(lines),
        "items_pending": sum(line.picked_status is PickedStatus.PENDING for line in lines),
        "items_summary": summary(lines),
        "items": lines,
        "picker": person(row.picker_id, row.picker_name),
        "driver": person(row.driver_id, row.driver_name),
    }


def summary(lines: Sequence[QueueLine]) -> str:
    """The first three lines in words, and how many more there are."""
    named = ", ".join(f"{line.name} x{line.quantity}" for line in lines[:NAMED_IN_SUMMARY])
    more = len(lines) - NAMED_IN_SUMMARY
    return f"{named} (+{more} more)" if more > 0 else named


def person(user_id: int | None, full_name: str | None) -> StaffPerson | None:
    """Somebody by id and name, or nobody."""
    return None if user_id is None else StaffPerson(id=user_id, full_name=full_name or "")


def _rank(row: AnyRow, now: datetime) -> int:
    zone = settings().zone
    return urgency.rank(fulfillment=row.fulfillment_type, slot_start=row.slot_start, now=now, zone=zone)


def _urgency(row: AnyRow, now: datetime) -> Urgency:
    due = urgency.due_at(fulfillment=row.fulfillment_type, slot_start=row.slot_start, slot_end=row.slot_end)
    zone = settings().zone
    return urgency.urgency(status=row.status, fulfillment=row.fulfillment_type, due=due, now=now, zone=zone)
