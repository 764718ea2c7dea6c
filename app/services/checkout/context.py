"""Everything a checkout needs to know besides the basket, read in one statement and without locks."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import ClassVar

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

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

_READ = text("""
SELECT shop.delivery_min, shop.delivery_fee,
       branch.id AS branch_id,
       slot.id AS slot_id, slot.stock_location_id AS slot_branch_id, slot.day_of_week, slot.start_time, slot.end_time,
       slot.capacity, slot.cutoff_minutes,
       (SELECT jsonb_object_agg(delivery_date, jsonb_build_array(booked, capacity)) FROM slot_occurrences
        WHERE slot_id = slot.id AND delivery_date >= :today) AS occurrences,
       token.id AS token_id, token.provider AS token_provider, token.is_active AS token_is_active,
       home.address_line || ', ' || home.city || ', ' || home.postal_code || ', ' || home.country AS default_address,
       coupon.id AS coupon_id, coupon.code AS coupon_code, coupon.description AS coupon_description,
       coupon.kind AS coupon_kind, coupon.value AS coupon_value, coupon.max_discount, coupon.minimum_total,
       coupon.usage_limit, coupon.per_user_limit, coupon.used_count, uses.used_count AS used_by_customer,
       coupon.starts_at > now() AS coupon_is_early, coupon.ends_at <= now() AS coupon_is_over,
       ARRAY(SELECT products.id FROM products JOIN categories ON categories.id = products.category_id
             WHERE products.id = ANY(CAST(:preferred_ids AS bigint[])) AND products.shop_id IS NULL
               AND products.is_active AND categories.is_active) AS preferred_ids,
       kept.request_hash, kept.state AS kept_state, kept.order_id AS kept_order_id, kept.status AS kept_status,
       kept.body AS kept_body
FROM global_settings AS shop
LEFT JOIN stock_locations AS branch ON branch.is_active AND branch.kind <> 'SHOP' AND branch.id = CASE
    WHEN :pickup THEN CAST(:branch_id AS bigint)
    ELSE COALESCE(CAST(:source_id AS bigint),
                  (SELECT min(id) FROM stock_locations WHERE kind = 'WAREHOUSE' AND is_active))
    END
LEFT JOIN delivery_slots AS slot ON slot.id = :slot_id AND slot.is_active
LEFT JOIN payment_tokens AS token ON token.id = :token_id
    AND (token.user_id = :user_id OR (token.user_id IS NULL AND CAST(:sandbox AS boolean)))
LEFT JOIN addresses AS home ON home.user_id = :user_id AND home.is_default
LEFT JOIN coupons AS coupon ON coupon.code = :coupon_code AND coupon.is_active
LEFT JOIN coupon_uses AS uses ON uses.coupon_id = coupon.id AND uses.user_id = :user_id
LEFT JOIN idempotency_keys AS kept ON kept.principal = :principal AND kept.route = :route AND kept.key = :key
    AND (kept.expires_at > now() OR kept.state = 'placed')
""")


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
    """The facts of one checkout. The `kept_*` fields are the earlier answer to the same idempotency key."""

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


def read_context(
    session: Session | Connection,
    *,
    user_id: int,
    form: CheckoutRequest,
    token_id: int | None = None,
    preferred_ids: Collection[int] = (),
    principal: str = "",
    route: str = "",
    key: str = "",
) -> Context:
    """Read the facts of a checkout. A step: one statement, no lock."""
    current = settings()
    values = {
        "today": datetime.now(current.zone).date(),
        "pickup": form.fulfillment_type is FulfillmentType.PICKUP,
        "branch_id": form.branch_id,
        "source_id": current.delivery_source_branch_id,
        "slot_id": form.delivery_slot_id,
        "token_id": token_id,
        "coupon_code": form.coupon_code,
        "preferred_ids": list(preferred_ids),
        "user_id": user_id,
        "sandbox": current.payment_provider == "sandbox",
        "principal": principal,
        "route": route,
        "key": key,
    }
    return Context(session.execute(_READ, values).one(), form)
