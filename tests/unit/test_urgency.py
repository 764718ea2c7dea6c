"""How soon an order is due, in minutes and in words."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.domain.enums import FulfillmentType, OrderStatus, Urgency
from app.domain.urgency import due_at, rank, urgency

JERUSALEM = ZoneInfo("Asia/Jerusalem")
NOW = datetime(2026, 12, 6, 10, 0, tzinfo=UTC)  # noon in Jerusalem in winter


def rank_of(start: datetime | None, fulfillment: FulfillmentType = FulfillmentType.DELIVERY) -> int:
    return rank(fulfillment=fulfillment, slot_start=start, now=NOW, zone=JERUSALEM)


def word_of(minutes: int | None, **columns: Any) -> Urgency:
    due = None if minutes is None else NOW + timedelta(minutes=minutes)
    facts = {"status": OrderStatus.CREATED, "fulfillment": FulfillmentType.DELIVERY, **columns}
    return urgency(due=due, now=NOW, zone=JERUSALEM, **facts)


@pytest.mark.parametrize(
    ("start", "minutes"),
    [
        (datetime(2026, 12, 6, 6, 0, tzinfo=UTC), 8 * 60),
        (datetime(2026, 12, 6, 18, 30, tzinfo=UTC), 20 * 60 + 30),
        (datetime(2026, 12, 7, 6, 0, tzinfo=UTC), 1440 + 8 * 60),
        (datetime(2026, 12, 5, 6, 0, tzinfo=UTC), 8 * 60 - 1440),
        (None, 1440),
    ],
)
def test_the_rank_counts_minutes_from_todays_midnight_in_the_shop(start: datetime | None, minutes: int) -> None:
    assert rank_of(start) == minutes


def test_a_pickup_ranks_behind_todays_deliveries_whenever_it_is_fetched() -> None:
    assert rank_of(NOW, FulfillmentType.PICKUP) == 1440


def test_a_change_of_the_clock_does_not_move_the_rank_of_an_hour() -> None:
    spring_forward = datetime(2026, 3, 27, 9, 0, tzinfo=UTC)  # the night lost an hour; 12:00 on the wall

    found = rank(
        fulfillment=FulfillmentType.DELIVERY,
        slot_start=datetime(2026, 3, 27, 8, 0, tzinfo=JERUSALEM),
        now=spring_forward,
        zone=JERUSALEM,
    )

    assert found == 8 * 60


@pytest.mark.parametrize(
    ("minutes", "word"),
    [
        (-600, Urgency.CRITICAL),
        (0, Urgency.CRITICAL),
        (60, Urgency.CRITICAL),
        (61, Urgency.DUE_SOON),
        (180, Urgency.DUE_SOON),
        (181, Urgency.ON_TRACK),
        (719, Urgency.ON_TRACK),
        (720, Urgency.SCHEDULED),
        (None, Urgency.ON_TRACK),
    ],
)
def test_the_word_follows_the_time_left(minutes: int | None, word: Urgency) -> None:
    assert word_of(minutes) is word


@pytest.mark.parametrize("status", [OrderStatus.DELIVERED, OrderStatus.CANCELED])
def test_an_ended_order_is_never_urgent(status: OrderStatus) -> None:
    assert word_of(-600, status=status) is Urgency.ON_TRACK


def test_a_packed_pickup_waits_for_its_customer_and_a_packed_delivery_for_its_driver() -> None:
    assert word_of(-600, status=OrderStatus.READY, fulfillment=FulfillmentType.PICKUP) is Urgency.ON_TRACK
    assert word_of(-600, status=OrderStatus.READY) is Urgency.CRITICAL


def test_a_delivery_is_due_at_the_start_of_its_slot_and_a_pickup_at_the_end() -> None:
    start, end = NOW, NOW + timedelta(hours=2)

    assert due_at(fulfillment=FulfillmentType.DELIVERY, slot_start=start, slot_end=end) == start
    assert due_at(fulfillment=FulfillmentType.PICKUP, slot_start=start, slot_end=end) == end
