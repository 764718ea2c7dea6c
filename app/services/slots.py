"""Delivery windows as shoppers see them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Date, Select, SmallInteger, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from app.config import settings
from app.domain.slots import Window, open_dates, starts_at
from app.models import DeliverySlot, SlotOccurrence, StockLocation
from app.models.base import AnyRow
from app.schemas import branches as schemas
from app.services.shop_clock import today
from app.transaction import reading

_DAY = bindparam("day_of_week", type_=SmallInteger)
_BRANCH = bindparam("branch_id", type_=BigInteger)
_REMAINING = (
    select(
        func.jsonb_object_agg(
            SlotOccurrence.delivery_date, SlotOccurrence.capacity - SlotOccurrence.booked, type_=JSONB
        )
    )
    .where(SlotOccurrence.slot_id == DeliverySlot.id, SlotOccurrence.delivery_date >= bindparam("today", type_=Date))
    .scalar_subquery()
)
_SLOTS: Select[Any] = (
    select(
        DeliverySlot.id,
        DeliverySlot.stock_location_id,
        DeliverySlot.day_of_week,
        DeliverySlot.start_time,
        DeliverySlot.end_time,
        DeliverySlot.capacity,
        DeliverySlot.cutoff_minutes,
        _REMAINING.label("remaining"),
    )
    .join(StockLocation, StockLocation.id == DeliverySlot.stock_location_id)
    .where(
        DeliverySlot.is_active,
        StockLocation.is_active,
        or_(_DAY.is_(None), DeliverySlot.day_of_week == _DAY),
        or_(_BRANCH.is_(None), DeliverySlot.stock_location_id == _BRANCH),
    )
    .order_by(DeliverySlot.stock_location_id, DeliverySlot.day_of_week, DeliverySlot.start_time, DeliverySlot.id)
)


def list_slots(query: schemas.SlotQuery, *, now: datetime | None = None) -> list[schemas.Slot]:
    """The active windows of active branches, each with its open dates up to the horizon, in one statement."""
    now = now or datetime.now(UTC)
    with reading() as connection:
        rows = connection.execute(_SLOTS, {**query.model_dump(), "today": today(now)}).all()
    return [_shown(row, now) for row in rows]


def _shown(row: AnyRow, now: datetime) -> schemas.Slot:
    return schemas.Slot(
        id=row.id,
        branch_id=row.stock_location_id,
        day_of_week=row.day_of_week,
        start_time=row.start_time,
        end_time=row.end_time,
        next_dates=_next_dates(row, now),
    )


def _next_dates(row: AnyRow, now: datetime) -> list[schemas.SlotDate]:
    """The open dates; a date nobody has booked yet has the window's whole capacity left."""
    zone, horizon = settings().zone, settings().slot_horizon_days
    window = Window(row.day_of_week, row.start_time, row.end_time, row.cutoff_minutes)
    remaining = row.remaining or {}
    closing = timedelta(minutes=row.cutoff_minutes)
    return [
        schemas.SlotDate(
            date=day,
            remaining=remaining.get(day.isoformat(), row.capacity),
            closes_at=starts_at(day, row.start_time, zone) - closing,
        )
        for day in open_dates(window, now, zone, horizon)
    ]
