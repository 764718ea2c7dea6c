"""Everything a checkout needs to know besides the basket, as `checkout.reading` has read it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import ClassVar

from app.config import settings
from app.domain import slots
from app.domain.channels import DELIVERY_OR_PICKUP
from app.domain.coupons import Coupon
from app.domain.discounts import Discount
from app.domain.enums import DiscountKind, FulfillmentType
from app.domain.pricing import DeliveryTariff
from app.errors import BadRequest
from app.models.base import AnyRow
from app.schemas.checkout import CheckoutRequest, ConfirmRequest
from app.services.branches import BranchNotFound
from app.services.checkout.errors import CouponNotFound, InvalidSlot, SlotFull, SlotNotFound


@dataclass(frozen=True, slots=True)
class Booking:
    """A place to be taken in a slot: the window's date, its capacity when the date is new, and its instants."""

    slot_id: int
    day: date
    capacity: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Context:
    """The facts of one checkout.

    A confirm also has the earlier answer to its idempotency key in the `kept_*` columns, and its cart in `cart_*`.
    """

    row: AnyRow
    form: CheckoutRequest
    policy: ClassVar = DELIVERY_OR_PICKUP

    @property
    def is_pickup(self) -> bool:
        return self.form.fulfillment_type is FulfillmentType.PICKUP

    @property
    def tariff(self) -> DeliveryTariff:
        rate = settings().delivery_fee_tax_rate
        return DeliveryTariff(free_from=self.row.delivery_min, fee=self.row.delivery_fee, tax_rate=rate)

    @property
    def expected_total(self) -> Decimal | None:
        """The total the shopper saw, where they said it."""
        return self.form.expected_total if isinstance(self.form, ConfirmRequest) else None

    def branch_id(self) -> int:
        """The branch the goods come from. Raises BadRequest for a pickup without branch, BranchNotFound."""
        if self.is_pickup and self.form.branch_id is None:
            raise BadRequest("PICKUP needs branch_id.")
        if self.row.branch_id is None:
            raise BranchNotFound("There is no such active branch.")
        return int(self.row.branch_id)

    def coupon(self) -> Coupon | None:
        """The coupon asked for, as this customer finds it; None without one. Raises CouponNotFound."""
        row = self.row
        if self.form.coupon_code is None:
            return None
        if row.coupon_id is None:
            raise CouponNotFound
        return Coupon(
            id=row.coupon_id,
            code=row.coupon_code,
            description=row.coupon_description,
            discount=Discount(DiscountKind(row.coupon_kind), row.coupon_value, row.max_discount),
            minimum_total=row.minimum_total,
            usage_limit=row.usage_limit,
            per_user_limit=row.per_user_limit,
            used=row.used_count,
            used_by_customer=row.used_by_customer or 0,
            is_early=bool(row.coupon_is_early),
            is_over=bool(row.coupon_is_over),
        )

    def booking(self, now: datetime) -> Booking | None:
        """The delivery slot's date to book; None for a pickup.

        Raises BadRequest without a slot, SlotNotFound, InvalidSlot, or SlotFull when no open date has room.
        """
        if self.is_pickup:
            return None
        if self.form.delivery_slot_id is None:
            raise BadRequest("DELIVERY needs delivery_slot_id.")
        if self.row.slot_id is None:
            raise SlotNotFound
        if self.row.slot_branch_id != self.branch_id() or not slots.is_valid_window(
            self.row.start_time, self.row.end_time
        ):
            raise InvalidSlot
        return self._on(self._free_day(now))

    def _free_day(self, now: datetime) -> date:
        window = slots.Window(self.row.day_of_week, self.row.start_time, self.row.end_time, self.row.cutoff_minutes)
        days = list(slots.open_dates(window, now, settings().zone, settings().slot_horizon_days))
        if self.form.delivery_date is not None:
            days = [day for day in days if day == self.form.delivery_date]
        if not days:
            raise InvalidSlot("The slot takes no orders for that date: wrong weekday, too late or too far ahead.")
        for day in days:
            if self._has_room(day):
                return day
        raise SlotFull

    def _has_room(self, day: date) -> bool:
        booked, capacity = (self.row.occurrences or {}).get(day.isoformat(), (0, self.row.capacity))
        return bool(booked < capacity)

    def _on(self, day: date) -> Booking:
        zone = settings().zone
        start, end = (slots.starts_at(day, moment, zone) for moment in self._window())
        return Booking(self.row.slot_id, day, self.row.capacity, start.astimezone(UTC), end.astimezone(UTC))

    def _window(self) -> tuple[time, time]:
        return self.row.start_time, self.row.end_time
