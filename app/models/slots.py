"""When deliveries happen: weekly windows, their dated occurrences, and the bookings of orders."""

from datetime import date, time

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Created, Id, Instant, Timestamped


class DeliverySlot(Timestamped, Base):
    """A weekly delivery window of a branch in the shop's time zone; day 0 is Sunday."""

    __tablename__ = "delivery_slots"
    __table_args__ = (
        UniqueConstraint("stock_location_id", "day_of_week", "start_time"),
        CheckConstraint("day_of_week BETWEEN 0 AND 6", name="day_of_week"),
        CheckConstraint("start_time < end_time", name="starts_before_end"),
        CheckConstraint("capacity >= 0", name="capacity_not_negative"),
        CheckConstraint("cutoff_minutes >= 0", name="cutoff_not_negative"),
    )

    id: Mapped[Id]
    stock_location_id: Mapped[int] = mapped_column(ForeignKey("stock_locations.id", ondelete="CASCADE"))
    day_of_week: Mapped[int] = mapped_column(SmallInteger)
    start_time: Mapped[time]
    end_time: Mapped[time]
    capacity: Mapped[int] = mapped_column(server_default=text("50"))
    cutoff_minutes: Mapped[int] = mapped_column(server_default=text("120"))
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))


class SlotOccurrence(Base):
    """One date of a weekly window; made by its first booking, with the window's capacity of that moment."""

    __tablename__ = "slot_occurrences"
    __table_args__ = (
        UniqueConstraint("slot_id", "delivery_date"),
        CheckConstraint("booked BETWEEN 0 AND capacity", name="booked_within_capacity"),
    )

    id: Mapped[Id]
    slot_id: Mapped[int] = mapped_column(ForeignKey("delivery_slots.id", ondelete="RESTRICT"))
    delivery_date: Mapped[date]
    capacity: Mapped[int]
    booked: Mapped[int] = mapped_column(server_default=text("0"))


class SlotBooking(Base):
    """The place of one order in an occurrence; released when the order is cancelled."""

    __tablename__ = "slot_bookings"

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"), primary_key=True)
    occurrence_id: Mapped[int] = mapped_column(ForeignKey("slot_occurrences.id", ondelete="RESTRICT"), index=True)
    created_at: Mapped[Created]
    released_at: Mapped[Instant | None]
